#include "net/http_client_internal.h"

#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static struct host **bucket_of(struct lane *lane, struct str key)
{
    return &lane->buckets[hash_bytes(lane->hash_key, key) % HOST_BUCKETS];
}

static struct host *host_get(struct lane *lane, struct str key)
{
    struct host **bucket = bucket_of(lane, key);
    for (struct host *host = *bucket; host != NULL; host = host->bucket_next) {
        if (str_equal(host->key, key)) {
            return host;
        }
    }
    struct host *host = memory_new(sizeof *host + key.len + 1);
    char *copy = (char *)(host + 1);
    memcpy(copy, key.ptr, key.len);
    host->key = (struct str){copy, key.len};
    host->bucket_next = *bucket;
    *bucket = host;
    return host;
}

static void host_forget(struct lane *lane, struct host *host)
{
    struct host **link = bucket_of(lane, host->key);
    while (*link != host) {
        link = &(*link)->bucket_next;
    }
    *link = host->bucket_next;
    free(host);
}

/* Puts the host at the end of the ring, where it has something to send and room for it. */
static void make_ready(struct lane *lane, struct host *host)
{
    if (host->ready || host->first == NULL || host->active >= lane->config->per_host_max) {
        return;
    }
    host->ready = true;
    host->ready_next = NULL;
    if (lane->ready_last == NULL) {
        lane->ready_first = host;
    } else {
        lane->ready_last->ready_next = host;
    }
    lane->ready_last = host;
}

void hosts_enqueue(struct lane *lane, struct transfer *transfer, struct str key)
{
    struct host *host = host_get(lane, key);
    transfer->host = host;
    transfer->next = NULL;
    if (host->last == NULL) {
        host->first = transfer;
    } else {
        host->last->next = transfer;
    }
    host->last = transfer;
    make_ready(lane, host);
}

struct transfer *hosts_next(struct lane *lane)
{
    struct host *host = lane->ready_first;
    if (host == NULL || lane->active_count >= lane->config->in_flight_max) {
        return NULL;
    }
    lane->ready_first = host->ready_next;
    if (lane->ready_first == NULL) {
        lane->ready_last = NULL;
    }
    host->ready = false;
    struct transfer *transfer = host->first;
    host->first = transfer->next;
    if (host->first == NULL) {
        host->last = NULL;
    }
    transfer->next = NULL;
    host->active++;
    make_ready(lane, host);
    transfer->active_previous = NULL;
    transfer->active_next = lane->active;
    if (lane->active != NULL) {
        lane->active->active_previous = transfer;
    }
    lane->active = transfer;
    lane->active_count++;
    return transfer;
}

void hosts_release(struct lane *lane, struct transfer *transfer)
{
    struct host *host = transfer->host;
    assert(host->active > 0 && lane->active_count > 0);
    host->active--;
    lane->active_count--;
    if (transfer->active_previous == NULL) {
        lane->active = transfer->active_next;
    } else {
        transfer->active_previous->active_next = transfer->active_next;
    }
    if (transfer->active_next != NULL) {
        transfer->active_next->active_previous = transfer->active_previous;
    }
    transfer->host = NULL;
    if (host->active == 0 && host->first == NULL) {
        host_forget(lane, host);
    } else {
        make_ready(lane, host);
    }
}
