#include "answering.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS_MAX = 256, REQUEST_BYTES_MAX = 64 * 1024, IDLE_MS = 100 };

/* Answers once a whole request is there. Requests come one at a time and in few pieces, so the
 * rest of one is waited for here. */
static bool answer_one(const struct answering *answering, int fd)
{
    char text[REQUEST_BYTES_MAX];
    char out[ANSWER_BYTES_MAX];
    size_t len = 0;
    for (;;) {
        ssize_t count = recv(fd, text + len, sizeof text - len, 0);
        if (count <= 0) {
            return false;
        }
        len += (size_t)count;
        struct str request = {text, len};
        size_t head = str_find(request, STR("\r\n\r\n"));
        size_t at = str_find(request, STR("Content-Length: "));
        size_t body = at < head ? strtoul(text + at + 16, NULL, 10) : 0;
        if (head < len && len >= head + 4 + body) {
            size_t answered = answering->answer(answering->context, request, out);
            return send(fd, out, answered, MSG_NOSIGNAL) > 0;
        }
    }
}

struct place {
    int epoll;
    int listener;
};

/* A new connection, or a request on one. */
static void take_event(const struct answering *answering, struct place place, int fd)
{
    struct epoll_event event = {.events = EPOLLIN};
    if (fd != place.listener) {
        if (!answer_one(answering, fd)) {
            close(fd);
        }
        return;
    }
    event.data.fd = accept(place.listener, NULL, NULL);
    if (event.data.fd >= 0 && epoll_ctl(place.epoll, EPOLL_CTL_ADD, event.data.fd, &event) != 0) {
        close(event.data.fd);
    }
}

bool answer_all(const struct answering *answering)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof here;
    struct place place = {epoll_create1(EPOLL_CLOEXEC),
                          socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    struct epoll_event event = {.events = EPOLLIN, .data = {.fd = place.listener}};
    if (bind(place.listener, (struct sockaddr *)&here, len) != 0 ||
        listen(place.listener, 1024) != 0 ||
        getsockname(place.listener, (struct sockaddr *)&here, &len) != 0 ||
        epoll_ctl(place.epoll, EPOLL_CTL_ADD, place.listener, &event) != 0) {
        return false;
    }
    printf("%d\n", ntohs(here.sin_port));
    fflush(stdout);
    for (;;) {
        struct epoll_event events[EVENTS_MAX];
        int count = epoll_wait(place.epoll, events, EVENTS_MAX, IDLE_MS);
        for (int i = 0; i < count; i++) {
            take_event(answering, place, events[i].data.fd);
        }
        if (count == 0 && answering->idle != NULL) {
            answering->idle(answering->context);
        }
    }
}
