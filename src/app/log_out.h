/* app/log_out: where the lines of the log go: a file descriptor, each line at once.
 *
 * While somebody holds it, lines are kept and written together: a batch of the executor writes
 * hundreds, and a call into the system for each is a tenth of what a call or a stage costs. Whoever
 * holds it lets go before anybody can see what the lines tell of. Lines stay whole and in their
 * order. What cannot be written is dropped, as there is nobody to tell.
 * Threads: any; one at a time holds it. A crash loses what is kept, so that errors do not wait
 * (log_out_flush). */
#ifndef TOCSIN_APP_LOG_OUT_H
#define TOCSIN_APP_LOG_OUT_H

#include "base/str.h"

#include <pthread.h>

enum { LOG_KEPT_BYTES = 16 * 1024 };

struct log_out {
    pthread_mutex_t lock;
    int fd;
    bool is_held;
    size_t used;
    char kept[LOG_KEPT_BYTES];
};

void log_out_open(struct log_out *out, int fd);
void log_out_line(struct log_out *out, struct str line);
void log_out_hold(struct log_out *out);
void log_out_let_go(struct log_out *out);
/* What is kept is written now; it stays held. */
void log_out_flush(struct log_out *out);

#endif
