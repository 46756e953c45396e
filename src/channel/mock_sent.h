/* channel/mock_sent: the sends that the mock carrier accepted, and what is still to happen to each.
 *
 * Internal to the mock carrier. A heap orders sends by their next event, a table finds them by
 * attempt, and a list keeps them by age, so that what ended more than a day ago can be dropped.
 * Every operation is O(log n) on average.
 * Ownership: copies what it is given; the texts that it gives out live as long as the send.
 * Threads: one owner. */
#ifndef TOCSIN_CHANNEL_MOCK_SENT_H
#define TOCSIN_CHANNEL_MOCK_SENT_H

#include "channel/mock_journal.h"

struct mock_sent;

struct mock_sent *mock_sent_new(void);
void mock_sent_free(struct mock_sent **sent);

/* Takes an accepted send and gives the provider's id: "MOCK-<attempt>", with "~2" behind it for the
 * second of an attempt. */
struct str mock_sent_add(struct mock_sent *sent, const struct mock_line *line);
/* The highest repeat of this attempt that is known, 0 where there is none. */
int64_t mock_sent_count(const struct mock_sent *sent, struct str attempt);
bool mock_sent_has(const struct mock_sent *sent, const struct mock_line *line);
/* The id of an attempt's newest send; STR_NONE where nothing was accepted. */
struct str mock_sent_find(const struct mock_sent *sent, struct str attempt);
/* Fills the line's attempt and repeat by the provider's id. */
bool mock_sent_lookup(const struct mock_sent *sent, struct str provider_id, struct mock_line *line);
/* Stops a call that nobody has picked up by `now`. False for anything else. */
bool mock_sent_cancel(struct mock_sent *sent, const struct mock_line *line, struct instant now);

bool mock_sent_next(const struct mock_sent *sent, struct instant *at);
bool mock_sent_take(struct mock_sent *sent, struct instant now, struct mock_event *out);
/* Forgets the oldest sends as long as they ended more than 24 h before `now`; unreported ones only
 * where told to. */
void mock_sent_drop_old(struct mock_sent *sent, struct instant now, bool also_unreported);

#endif
