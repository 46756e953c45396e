#include "app/inbox.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct inbox {
    pthread_mutex_t lock;
    struct work *first;
    struct work *last;
    int event;
};

enum err inbox_new(struct inbox **out, struct problem *problem)
{
    struct inbox *inbox = calloc(1, sizeof *inbox);
    int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (inbox == NULL || event < 0) {
        free(inbox);
        return problem_set(problem, E_UNAVAILABLE, NULL, "no eventfd can be had");
    }
    pthread_mutex_init(&inbox->lock, NULL);
    inbox->event = event;
    *out = inbox;
    return OK;
}

void inbox_free(struct inbox **inbox)
{
    if (*inbox == NULL) {
        return;
    }
    close((*inbox)->event);
    pthread_mutex_destroy(&(*inbox)->lock);
    free(*inbox);
    *inbox = NULL;
}

void inbox_wake(struct inbox *inbox)
{
    uint64_t one = 1;
    /* A full counter wakes as well as a written one. */
    ssize_t ignored = write(inbox->event, &one, sizeof one);
    (void)ignored;
}

void inbox_push(struct inbox *inbox, struct work *list)
{
    struct work *last = list;
    while (last->next != NULL) {
        last = last->next;
    }
    pthread_mutex_lock(&inbox->lock);
    bool was_empty = inbox->first == NULL;
    if (was_empty) {
        inbox->first = list;
    } else {
        inbox->last->next = list;
    }
    inbox->last = last;
    pthread_mutex_unlock(&inbox->lock);
    if (was_empty) {
        inbox_wake(inbox);
    }
}

void inbox_drain(struct inbox *inbox)
{
    uint64_t count = 0;
    ssize_t ignored = read(inbox->event, &count, sizeof count);
    (void)ignored;
}

struct work *inbox_take(struct inbox *inbox)
{
    pthread_mutex_lock(&inbox->lock);
    struct work *list = inbox->first;
    inbox->first = inbox->last = NULL;
    pthread_mutex_unlock(&inbox->lock);
    return list;
}

int inbox_fd(const struct inbox *inbox)
{
    return inbox->event;
}
