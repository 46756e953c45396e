#include "app/worker.h"

#include "base/memory.h"

#include <pthread.h>
#include <stdlib.h>

struct errands {
    struct errand *first;
    struct errand *last;
};

struct worker {
    pthread_mutex_t lock;
    pthread_cond_t change;
    pthread_t thread;
    struct errands prompt;
    struct errands patient; /* Those that may wait. */
    struct db *reader;
    bool must_stop;
};

/* The next errand; NULL when there is none and there will be none. */
static struct errand *take(struct worker *worker)
{
    pthread_mutex_lock(&worker->lock);
    while (worker->prompt.first == NULL && worker->patient.first == NULL && !worker->must_stop) {
        pthread_cond_wait(&worker->change, &worker->lock);
    }
    struct errands *errands = worker->prompt.first != NULL ? &worker->prompt : &worker->patient;
    struct errand *errand = errands->first;
    if (errand != NULL) {
        errands->first = errand->next;
    }
    pthread_mutex_unlock(&worker->lock);
    return errand;
}

static void *run(void *context)
{
    struct worker *worker = context;
    struct errand *errand = NULL;
    while ((errand = take(worker)) != NULL) {
        errand->run(errand, worker->reader);
    }
    return NULL;
}

enum err worker_start(struct db *reader, struct worker **out, struct problem *problem)
{
    struct worker *worker = memory_new(sizeof *worker);
    worker->reader = reader;
    pthread_mutex_init(&worker->lock, NULL);
    pthread_cond_init(&worker->change, NULL);
    if (pthread_create(&worker->thread, NULL, run, worker) != 0) {
        free(worker);
        return problem_set(problem, E_UNAVAILABLE, NULL, "no thread can be had");
    }
    *out = worker;
    return OK;
}

void worker_give(struct worker *worker, struct errand *errand)
{
    errand->next = NULL;
    pthread_mutex_lock(&worker->lock);
    struct errands *errands = errand->may_wait ? &worker->patient : &worker->prompt;
    if (errands->first == NULL) {
        errands->first = errand;
    } else {
        errands->last->next = errand;
    }
    errands->last = errand;
    pthread_cond_signal(&worker->change);
    pthread_mutex_unlock(&worker->lock);
}

void worker_stop(struct worker **stopping)
{
    struct worker *worker = *stopping;
    if (worker == NULL) {
        return;
    }
    pthread_mutex_lock(&worker->lock);
    worker->must_stop = true;
    pthread_cond_signal(&worker->change);
    pthread_mutex_unlock(&worker->lock);
    pthread_join(worker->thread, NULL);
    pthread_cond_destroy(&worker->change);
    pthread_mutex_destroy(&worker->lock);
    free(worker);
    *stopping = NULL;
}
