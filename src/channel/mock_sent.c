#include "channel/mock_sent.h"

#include "base/hash.h"
#include "base/memory.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOT_WAITING SIZE_MAX
enum { KEPT_HOURS = 24, BUCKETS_MIN = 256, ID_EXTRA_BYTES = 32 };

struct send {
    struct send *next;  /* In its bucket, newest first. */
    struct send *newer; /* In the list by age. */
    uint64_t hash;
    uint64_t number; /* Breaks ties, so that runs are repeatable. */
    struct instant at;
    size_t heap_at; /* NOT_WAITING once everything happened. */
    struct mock_step steps[MOCK_STEPS_MAX];
    size_t step_count;
    size_t step;
    int64_t repeat;
    enum channel channel;
    struct str attempt;
    struct str to;
    struct str detail;
    struct str provider_id;
    char bytes[];
};

struct mock_sent {
    struct send **buckets;
    size_t bucket_count;
    size_t count;
    struct send **heap;
    size_t heap_count;
    size_t heap_cap;
    struct send *oldest;
    struct send *newest;
    uint64_t last_number;
};

static const struct hash_key attempt_key = {0x746f6373696e0003, 0x617474656d707401};

struct mock_sent *mock_sent_new(void)
{
    struct mock_sent *sent = memory_new(sizeof *sent);
    sent->bucket_count = BUCKETS_MIN;
    sent->buckets = memory_new(BUCKETS_MIN * sizeof(struct send *));
    return sent;
}

void mock_sent_free(struct mock_sent **sent)
{
    if (*sent == NULL) {
        return;
    }
    struct send *send = (*sent)->oldest;
    while (send != NULL) {
        struct send *newer = send->newer;
        free(send);
        send = newer;
    }
    free((*sent)->buckets);
    free((*sent)->heap);
    free(*sent);
    *sent = NULL;
}

/* The heap: the send whose next event is earliest stands at 0. */

static struct instant due_at(const struct send *send)
{
    return instant_add(send->at, send->steps[send->step].after);
}

static bool is_earlier(const struct send *a, const struct send *b)
{
    int64_t a_us = due_at(a).us;
    int64_t b_us = due_at(b).us;
    return a_us != b_us ? a_us < b_us : a->number < b->number;
}

static void heap_place(struct mock_sent *sent, size_t at, struct send *send)
{
    sent->heap[at] = send;
    send->heap_at = at;
}

static void heap_rise(struct mock_sent *sent, size_t at)
{
    struct send *send = sent->heap[at];
    while (at > 0 && is_earlier(send, sent->heap[(at - 1) / 2])) {
        heap_place(sent, at, sent->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    heap_place(sent, at, send);
}

static void heap_sink(struct mock_sent *sent, size_t at)
{
    struct send *send = sent->heap[at];
    for (;;) {
        size_t child = 2 * at + 1;
        if (child + 1 < sent->heap_count && is_earlier(sent->heap[child + 1], sent->heap[child])) {
            child++;
        }
        if (child >= sent->heap_count || !is_earlier(sent->heap[child], send)) {
            break;
        }
        heap_place(sent, at, sent->heap[child]);
        at = child;
    }
    heap_place(sent, at, send);
}

static void heap_add(struct mock_sent *sent, struct send *send)
{
    if (sent->heap_count == sent->heap_cap) {
        size_t cap = sent->heap_cap == 0 ? BUCKETS_MIN : sent->heap_cap * 2;
        struct send **heap = memory_new(cap * sizeof *heap);
        if (sent->heap_count > 0) {
            memcpy(heap, sent->heap, sent->heap_count * sizeof *heap);
        }
        free(sent->heap);
        sent->heap = heap;
        sent->heap_cap = cap;
    }
    heap_place(sent, sent->heap_count++, send);
    heap_rise(sent, send->heap_at);
}

static void heap_remove(struct mock_sent *sent, struct send *send)
{
    size_t at = send->heap_at;
    assert(at < sent->heap_count && sent->heap[at] == send);
    send->heap_at = NOT_WAITING;
    struct send *last = sent->heap[--sent->heap_count];
    if (last != send) {
        heap_place(sent, at, last);
        heap_rise(sent, at);
        heap_sink(sent, last->heap_at);
    }
}

/* The table, by attempt. */

static void table_grow(struct mock_sent *sent)
{
    if (sent->count < sent->bucket_count) {
        return;
    }
    free(sent->buckets);
    sent->bucket_count *= 2;
    sent->buckets = memory_new(sent->bucket_count * sizeof(struct send *));
    for (struct send *send = sent->oldest; send != NULL; send = send->newer) {
        struct send **bucket = &sent->buckets[send->hash % sent->bucket_count];
        send->next = *bucket;
        *bucket = send;
    }
}

static struct send *table_find(const struct mock_sent *sent, struct str attempt, int64_t repeat)
{
    uint64_t hash = hash_bytes(attempt_key, attempt);
    struct send *send = sent->buckets[hash % sent->bucket_count];
    while (send != NULL && !(send->hash == hash && str_equal(send->attempt, attempt) &&
                             (repeat == 0 || send->repeat == repeat))) {
        send = send->next;
    }
    return send;
}

static void table_remove(struct mock_sent *sent, const struct send *send)
{
    struct send **link = &sent->buckets[send->hash % sent->bucket_count];
    while (*link != send) {
        link = &(*link)->next;
    }
    *link = send->next;
    sent->count--;
}

static struct str keep_text(char **end, struct str text)
{
    struct str kept = {*end, text.len};
    if (text.len > 0) {
        memcpy(*end, text.ptr, text.len);
    }
    *end += text.len;
    return kept;
}

static struct send *send_new(const struct mock_line *line)
{
    struct str detail = line->behaviour.detail;
    size_t text_bytes = line->attempt.len * 2 + line->to.len + detail.len + ID_EXTRA_BYTES;
    struct send *send = memory_new(sizeof *send + text_bytes);
    char *end = send->bytes;
    send->attempt = keep_text(&end, line->attempt);
    send->to = keep_text(&end, line->to);
    send->detail = keep_text(&end, detail);
    size_t room = (size_t)(send->bytes + text_bytes - end);
    int len = line->repeat > 1 ? snprintf(end, room, "MOCK-%.*s~%lld", STR_FMT(line->attempt),
                                          (long long)line->repeat)
                               : snprintf(end, room, "MOCK-%.*s", STR_FMT(line->attempt));
    assert(len > 0 && (size_t)len < room);
    send->provider_id = (struct str){end, (size_t)len};
    send->at = line->at;
    send->channel = line->channel;
    send->repeat = line->repeat;
    send->step_count = mock_plan(line->channel, &line->behaviour, send->steps);
    return send;
}

struct str mock_sent_add(struct mock_sent *sent, const struct mock_line *line)
{
    struct send *send = send_new(line);
    send->number = ++sent->last_number;
    send->hash = hash_bytes(attempt_key, send->attempt);
    table_grow(sent);
    struct send **bucket = &sent->buckets[send->hash % sent->bucket_count];
    send->next = *bucket;
    *bucket = send;
    sent->count++;
    if (sent->newest == NULL) {
        sent->oldest = send;
    } else {
        sent->newest->newer = send;
    }
    sent->newest = send;
    heap_add(sent, send);
    return send->provider_id;
}

int64_t mock_sent_count(const struct mock_sent *sent, struct str attempt)
{
    const struct send *send = table_find(sent, attempt, 0);
    return send == NULL ? 0 : send->repeat;
}

bool mock_sent_has(const struct mock_sent *sent, const struct mock_line *line)
{
    return table_find(sent, line->attempt, line->repeat) != NULL;
}

struct str mock_sent_find(const struct mock_sent *sent, struct str attempt)
{
    const struct send *send = table_find(sent, attempt, 0);
    return send == NULL ? STR_NONE : send->provider_id;
}

bool mock_sent_lookup(const struct mock_sent *sent, struct str provider_id, struct mock_line *line)
{
    if (!str_starts(provider_id, STR("MOCK-"))) {
        return false;
    }
    struct str rest = str_slice(provider_id, 5, provider_id.len);
    size_t tilde = str_find_byte(rest, '~', 0);
    int64_t repeat = 1;
    if (tilde < rest.len && str_to_int(str_slice(rest, tilde + 1, rest.len), &repeat) != OK) {
        return false;
    }
    const struct send *send = table_find(sent, str_slice(rest, 0, tilde), repeat);
    if (send == NULL || !str_equal(send->provider_id, provider_id)) {
        return false;
    }
    line->attempt = send->attempt;
    line->repeat = send->repeat;
    line->channel = send->channel;
    return true;
}

bool mock_sent_cancel(struct mock_sent *sent, const struct mock_line *line, struct instant now)
{
    struct send *send = table_find(sent, line->attempt, line->repeat);
    if (send == NULL || send->channel != channel_CALL || send->heap_at == NOT_WAITING) {
        return false;
    }
    if (send->step > 0 || !instant_before(now, due_at(send))) {
        return false;
    }
    heap_remove(sent, send);
    return true;
}

bool mock_sent_next(const struct mock_sent *sent, struct instant *at)
{
    if (sent->heap_count == 0) {
        return false;
    }
    *at = due_at(sent->heap[0]);
    return true;
}

bool mock_sent_take(struct mock_sent *sent, struct instant now, struct mock_event *out)
{
    if (sent->heap_count == 0 || instant_before(now, due_at(sent->heap[0]))) {
        return false;
    }
    struct send *send = sent->heap[0];
    const struct mock_step *step = &send->steps[send->step];
    *out = (struct mock_event){.kind = step->kind,
                               .at = due_at(send),
                               .attempt = send->attempt,
                               .provider_id = send->provider_id,
                               .state = step->state,
                               .level = step->level,
                               .is_end = step->is_end,
                               .is_machine = step->is_machine,
                               .channel = send->channel};
    if (step->kind == MOCK_EVENT_KEY) {
        out->key = send->detail.ptr[0];
    } else if (step->kind == MOCK_EVENT_REPLY) {
        out->from = send->to;
        out->text = send->detail;
    }
    if (send->step + 1 == send->step_count) {
        heap_remove(sent, send);
    } else {
        send->step++;
        heap_sink(sent, 0);
    }
    return true;
}

void mock_sent_drop_old(struct mock_sent *sent, struct instant now, bool also_unreported)
{
    while (sent->oldest != NULL) {
        struct send *send = sent->oldest;
        struct instant ended = instant_add(send->at, send->steps[send->step_count - 1].after);
        bool is_over = instant_before(instant_add(ended, HOURS(KEPT_HOURS)), now);
        if (!is_over || (send->heap_at != NOT_WAITING && !also_unreported)) {
            return;
        }
        if (send->heap_at != NOT_WAITING) {
            heap_remove(sent, send);
        }
        table_remove(sent, send);
        sent->oldest = send->newer;
        if (sent->oldest == NULL) {
            sent->newest = NULL;
        }
        free(send);
    }
}
