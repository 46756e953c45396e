#include "lib/mail_peer.h"

#include "lib/socket_peer.h"

#include <assert.h>
#include <sys/socket.h>
#include <unistd.h>

const struct dialogue mail_peer_all_well = {"220 fake ESMTP\r\n",
                                            "250-fake\r\n250 SIZE 1000000\r\n",
                                            "235 ok\r\n",
                                            "250 ok\r\n",
                                            "250 ok\r\n",
                                            "354 go on\r\n",
                                            "250 2.0.0 taken as 7\r\n",
                                            "221 bye\r\n"};

static struct str read_line(int fd, struct arena *arena, const char *end)
{
    struct buf line = {.arena = arena};
    char byte;
    while (!str_ends(buf_str(&line), str_from(end)) && recv(fd, &byte, 1, 0) == 1) {
        buf_add_byte(&line, byte);
    }
    return buf_str(&line);
}

static const char *reply_to(const struct dialogue *dialogue, struct str line)
{
    const struct {
        struct str verb;
        const char *reply;
    } replies[] = {
        {STR("EHLO "), dialogue->ehlo},
        {STR("AUTH "), "334 \r\n"},
        {STR("AGFsaWNlAHNlY3JldA=="), dialogue->auth}, /* "\0alice\0secret" */
        {STR("MAIL "), dialogue->mail},
        {STR("RCPT "), dialogue->rcpt},
        {STR("DATA"), dialogue->data},
        {STR("QUIT"), dialogue->quit},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(replies); i++) {
        if (str_starts(line, replies[i].verb)) {
            return replies[i].reply;
        }
    }
    return "500 what?\r\n";
}

bool mail_peer_answer(struct mail_peer *peer, int fd)
{
    struct str line = read_line(fd, peer->arena, "\r\n");
    buf_add(&peer->transcript, line);
    if (line.len == 0) {
        return false;
    }
    const char *reply = reply_to(&peer->dialogue, line);
    if (reply != NULL && !peer_try_send(fd, str_from(reply))) {
        return false;
    }
    if (reply != NULL && str_starts(line, STR("DATA")) && str_starts(str_from(reply), STR("354"))) {
        buf_add(&peer->transcript, read_line(fd, peer->arena, "\r\n.\r\n"));
        reply = peer->dialogue.end;
        return reply != NULL && peer_try_send(fd, str_from(reply));
    }
    return reply != NULL;
}

static void *serve(void *context)
{
    struct mail_peer *peer = context;
    int fd = accept(peer->listener, NULL, NULL);
    while (fd >= 0) {
        peer->connections++;
        bool open = peer_try_send(fd, str_from(peer->dialogue.greeting));
        while (open) {
            open = mail_peer_answer(peer, fd);
        }
        peer_reset(fd);
        sem_post(&peer->ended);
        fd = accept(peer->listener, NULL, NULL);
    }
    return NULL;
}

void mail_peer_open(struct mail_peer *peer)
{
    peer->arena = arena_new();
    peer->transcript.arena = peer->arena;
    peer->dialogue = mail_peer_all_well;
    peer->listener = peer_listen(&peer->port);
    sem_init(&peer->ended, 0, 0);
}

void mail_peer_start(struct mail_peer *peer)
{
    int error = pthread_create(&peer->thread, NULL, serve, peer);
    assert(error == 0);
    (void)error;
}

void mail_peer_stop(struct mail_peer *peer)
{
    shutdown(peer->listener, SHUT_RDWR);
    pthread_join(peer->thread, NULL);
}

void mail_peer_close(struct mail_peer *peer)
{
    close(peer->listener);
    sem_destroy(&peer->ended);
    arena_free(&peer->arena);
}
