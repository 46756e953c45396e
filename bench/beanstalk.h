/* bench/beanstalk: beanstalkd's protocol (its doc/protocol.txt), as far as a bench needs it.
 *
 * Commands are collected on a connection and leave together; answers come in the order of the
 * commands of that connection. Anything unexpected ends the program with a message. Threads: one
 * for each struct beanstalk. */
#ifndef TOCSIN_BENCH_BEANSTALK_H
#define TOCSIN_BENCH_BEANSTALK_H

#include "base/buf.h"

enum { BEANSTALK_CONNECTIONS_MAX = 512 };

enum beanstalk_kind { BEANSTALK_INSERTED, BEANSTALK_RESERVED, BEANSTALK_DELETED };

struct beanstalk_connection {
    int fd;
    struct buf out;
    struct buf in;
    size_t taken; /* Of `in`. */
};

struct beanstalk {
    int count;
    int epoll;
    int ready; /* The connection whose answers are being taken; -1 for none. */
    struct beanstalk_connection connections[BEANSTALK_CONNECTIONS_MAX];
};

struct beanstalk_answer {
    enum beanstalk_kind kind;
    int64_t id;
    int64_t due_us; /* As the job's text has it. */
};

void beanstalk_open(struct beanstalk *beanstalk, int port, int connections);
void beanstalk_close(struct beanstalk *beanstalk);
/* A job of about 300 bytes; `due_us` is kept in it. */
void beanstalk_put(struct beanstalk *beanstalk, int at, int64_t delay_seconds, int64_t due_us);
void beanstalk_reserve(struct beanstalk *beanstalk, int at);
void beanstalk_delete(struct beanstalk *beanstalk, int at, int64_t id);
void beanstalk_send(struct beanstalk *beanstalk, int at);
/* The next answer on any connection; which one. */
int beanstalk_next(struct beanstalk *beanstalk, struct beanstalk_answer *out);
/* Sends, and waits for so many answers on that connection, which is the only one in use. */
void beanstalk_settle(struct beanstalk *beanstalk, int at, int64_t answers);

#endif
