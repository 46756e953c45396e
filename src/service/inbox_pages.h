/* service/inbox_pages: what people wrote, as a provider that is asked for it lists it: a page at a
 * time, the newest first.
 *
 * Nothing is taken before the last page is here, so that what was written first counts first; then
 * all is taken in one operation and the time up to which the inbox is read moves on. A page that
 * fails ends that reading: the next one begins where the last whole one did. At most
 * INBOX_PAGES_MAX pages. Threads: the executor's. */
#ifndef TOCSIN_SERVICE_INBOX_PAGES_H
#define TOCSIN_SERVICE_INBOX_PAGES_H

#include "service/flights.h"
#include "service/op.h"

enum { INBOX_PAGES_MAX = 20 };

/* A page that was read, in the flight's memory. */
struct inbox_page {
    const struct inbox_page *newer; /* The page before it, NULL for the first. */
    const struct provider_news *items;
    size_t count;
    int number; /* 1 for the first. */
};

/* From when on what people wrote is asked for, by the provider's clock as far as it is known: with
 * an overlap; each text counts once. */
struct instant inbox_since(const struct provider_state *state, struct instant now);

/* The answer to an INBOX question: nothing yet where a further page is to be asked for. */
NODISCARD enum err inbox_settle(struct op *op, const struct flight *flight,
                                const struct wire_answer *answer);
/* Once that is durable: whether flight->request now asks for a further page. This one is kept. */
bool inbox_goes_on(const struct site *site, struct flight *flight,
                   const struct wire_answer *answer);

#endif
