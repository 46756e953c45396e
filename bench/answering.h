/* bench/answering: a server by bare epoll that answers every request on a loopback port at once:
 * what a peer costs that does nothing. */
#ifndef TOCSIN_BENCH_ANSWERING_H
#define TOCSIN_BENCH_ANSWERING_H

#include "base/str.h"

enum { ANSWER_BYTES_MAX = 1024 };

struct answering {
    void *context;
    /* Writes the whole answer to a whole request; returns its length. */
    size_t (*answer)(void *context, struct str request, char out[static ANSWER_BYTES_MAX]);
    void (*idle)(void *context); /* Nothing came for a tenth of a second; may be NULL. */
};

/* Prints its port first, and answers until the process is stopped. False where it cannot begin. */
bool answer_all(const struct answering *answering);

#endif
