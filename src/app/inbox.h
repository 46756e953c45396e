/* app/inbox: work for the executor from other threads, handed over in batches and woken by an
 * eventfd only when it sleeps. */
#ifndef TOCSIN_APP_INBOX_H
#define TOCSIN_APP_INBOX_H

#include "service/work.h"

struct inbox;

NODISCARD enum err inbox_new(struct inbox **out, struct problem *problem);
void inbox_free(struct inbox **inbox);
/* Any thread. `list` may be a chain. */
void inbox_push(struct inbox *inbox, struct work *list);
/* The executor's thread: everything, in the order in which it came; NULL for nothing. */
struct work *inbox_take(struct inbox *inbox);
/* Readable when there may be something, until it is drained: after the sleep and before the next
 * look, never between a look and a sleep, which would lose a wake-up. */
int inbox_fd(const struct inbox *inbox);
void inbox_drain(struct inbox *inbox);
/* Wakes the executor without work. */
void inbox_wake(struct inbox *inbox);

#endif
