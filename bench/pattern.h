/* bench/pattern: the requests of a load, written from one pattern.
 *
 * In a pattern {n} is the request's number, {m} the item's number over all requests, {id} the line
 * of the list of ids that belongs to the request (its number modulo their count), up to a tab, and
 * {id2} what follows the tab, {start} and {end} the times of the item: first + (m % cycle) * step,
 * and half an hour later. {items} in the body stands for items_each copies of the item's pattern,
 * with commas between.
 * Ownership: all texts are borrowed. Threads: one. */
#ifndef TOCSIN_BENCH_PATTERN_H
#define TOCSIN_BENCH_PATTERN_H

#include "base/buf.h"
#include "base/time.h"

struct pattern {
    struct str path;
    struct str body; /* Absent for GET. */
    struct str item;
    int64_t items_each;
    struct str *ids;
    size_t id_count;
    struct instant first;
    struct duration step;
    int64_t cycle; /* 0 for none. */
};

/* Adds the whole HTTP request. */
void pattern_request(const struct pattern *pattern, struct str key, int64_t number,
                     struct buf *out);

#endif
