/* service/flights: requests under way, each in a place of its own until its answer is settled.
 *
 * Internal to the courier. A ticket names a place and how often it was used, so that a late answer
 * to an earlier use is known. Taking and leaving are O(1). Owner: flights_free. */
#ifndef TOCSIN_SERVICE_FLIGHTS_H
#define TOCSIN_SERVICE_FLIGHTS_H

#include "service/site.h"

enum question { ASK_SEND, ASK_FIND, ASK_POLL, ASK_CANCEL, ASK_INBOX };

/* Its memory holds the message and the request. */
struct flight {
    bool is_used;
    uint32_t round;
    int lane; /* SEND: whose pace it counts for; -1 otherwise. */
    enum question question;
    struct arena *arena;
    struct id message; /* Unset for INBOX. */
    const struct provider *provider;
    struct send_job job;
    struct wire_request request;
    struct instant begun_at;
    const struct inbox_page *pages; /* INBOX: what was read before this page, the last one first. */
};

struct flights {
    struct flight *items;
    int count;
    int *free; /* A stack of places. */
    int free_count;
    int *claimed; /* Places that leave after the commit. */
    int claimed_count;
};

void flights_open(struct flights *flights, int count);
void flights_close(struct flights *flights);
int flights_in_use(const struct flights *flights);

/* There is a free place. The flight is claimed. */
struct flight *flights_take(struct flights *flights, enum question question);
/* Its answer is settled. */
void flights_leave(struct flights *flights, struct flight *flight);
/* The claim did not lead to a request: it was the last one taken. */
void flights_give_back(struct flights *flights, struct flight *flight);

uint64_t flights_ticket(const struct flights *flights, const struct flight *flight);
/* NULL for a ticket that is over. */
struct flight *flights_of(const struct flights *flights, uint64_t ticket);

/* Ids of messages, for many look-ups at once; sorted before the first. */
struct flight_set {
    int64_t *ids;
    size_t count;
};
void flight_set_sort(struct flight_set *set);
bool flight_set_has(const struct flight_set *set, struct id message);

#endif
