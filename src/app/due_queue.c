#include "app/due_queue.h"

#include "base/memory.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct due_queue {
    pthread_mutex_t lock;
    struct due_note *filling;
    struct due_note *taken;
    size_t count; /* Of those that fill. */
    int64_t left_out;
    bool has_shards;
    uint64_t shards;
    int event;
};

enum err due_queue_new(struct due_queue **out, struct problem *problem)
{
    struct due_queue *queue = memory_new(sizeof *queue);
    queue->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (queue->event < 0) {
        free(queue);
        return problem_set(problem, E_UNAVAILABLE, NULL, "no eventfd can be had");
    }
    queue->filling = memory_new_array(DUE_QUEUE_MAX, sizeof *queue->filling);
    queue->taken = memory_new_array(DUE_QUEUE_MAX, sizeof *queue->taken);
    pthread_mutex_init(&queue->lock, NULL);
    *out = queue;
    return OK;
}

void due_queue_free(struct due_queue **queue)
{
    if (*queue == NULL) {
        return;
    }
    close((*queue)->event);
    pthread_mutex_destroy(&(*queue)->lock);
    free((*queue)->filling);
    free((*queue)->taken);
    free(*queue);
    *queue = NULL;
}

void due_queue_wake(struct due_queue *queue)
{
    uint64_t one = 1;
    ssize_t ignored = write(queue->event, &one, sizeof one);
    (void)ignored;
}

void due_queue_add(struct due_queue *queue, const struct due_note *note)
{
    pthread_mutex_lock(&queue->lock);
    bool was_empty = queue->count == 0;
    if (queue->count < DUE_QUEUE_MAX) {
        queue->filling[queue->count++] = *note;
    } else {
        queue->left_out++;
    }
    pthread_mutex_unlock(&queue->lock);
    if (was_empty) {
        due_queue_wake(queue);
    }
}

void due_queue_hold(struct due_queue *queue, uint64_t shards)
{
    pthread_mutex_lock(&queue->lock);
    queue->shards = shards;
    queue->has_shards = true;
    pthread_mutex_unlock(&queue->lock);
    due_queue_wake(queue);
}

void due_queue_take(struct due_queue *queue, struct due_batch *out)
{
    uint64_t count = 0;
    ssize_t ignored = read(queue->event, &count, sizeof count);
    (void)ignored;
    pthread_mutex_lock(&queue->lock);
    struct due_note *notes = queue->filling;
    *out =
        (struct due_batch){notes, queue->count, queue->left_out, queue->has_shards, queue->shards};
    queue->filling = queue->taken;
    queue->taken = notes;
    queue->count = 0;
    queue->left_out = 0;
    queue->has_shards = false;
    pthread_mutex_unlock(&queue->lock);
}

int due_queue_fd(const struct due_queue *queue)
{
    return queue->event;
}
