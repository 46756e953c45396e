/* tests/lib/mail_peer: a mail server of a few lines, which shows every byte and breaks off where it
 * is told to. One connection at a time. */
#ifndef TOCSIN_TESTS_LIB_MAIL_PEER_H
#define TOCSIN_TESTS_LIB_MAIL_PEER_H

#include "base/buf.h"

#include <pthread.h>
#include <semaphore.h>

/* A reply of NULL resets the connection, an empty one leaves the client waiting. */
struct dialogue {
    const char *greeting;
    const char *ehlo;
    const char *auth;
    const char *mail;
    const char *rcpt;
    const char *data;
    const char *end; /* After the message. */
    const char *quit;
};

extern const struct dialogue mail_peer_all_well;

struct mail_peer {
    struct dialogue dialogue;
    struct arena *arena;   /* Its thread's. */
    struct buf transcript; /* Of all connections; read it after the stop. */
    int listener;
    int connections;
    sem_t ended; /* Posted at the end of each connection. */
    uint16_t port;
    pthread_t thread;
};

/* Listens; the dialogue may be changed until it is started. */
void mail_peer_open(struct mail_peer *peer);
void mail_peer_start(struct mail_peer *peer);
/* Answers one line; false once the connection is over. */
bool mail_peer_answer(struct mail_peer *peer, int fd);
/* After whoever speaks with it has ended its connections. */
void mail_peer_stop(struct mail_peer *peer);
void mail_peer_close(struct mail_peer *peer);

#endif
