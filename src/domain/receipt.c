#include "domain/receipt.h"

#include <assert.h>

static int rank_of(enum message_state state)
{
    switch (state) {
    case message_state_NONE:
    case message_state_COUNT:
        return -1;
    case message_state_QUEUED:
        return 0;
    case message_state_SENDING:
        return 1;
    case message_state_SENT:
        return 2;
    case message_state_DELIVERED:
    case message_state_UNDELIVERED:
    case message_state_FAILED:
    case message_state_ANSWERED:
    case message_state_NO_ANSWER:
    case message_state_BUSY:
    case message_state_CANCELLED:
        return 3;
    }
    return -1;
}

bool message_state_is_end(enum message_state state)
{
    return rank_of(state) == 3;
}

bool receipt_apply(struct receipt known, struct receipt news, struct receipt *out)
{
    assert(rank_of(known.state) >= 0);
    *out = known;
    if (rank_of(news.state) > rank_of(known.state)) {
        out->state = news.state;
    }
    if (out->state == news.state && news.level > known.level) {
        out->level = news.level;
    }
    return out->state != known.state || out->level != known.level;
}
