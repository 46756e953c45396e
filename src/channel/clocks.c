#include "channel/clocks.h"

static const struct duration second = SECONDS_INIT(1);

struct duration clock_ahead(const struct wire_answer *answer, struct instant asked_at)
{
    if (!instant_is_set(answer->date)) {
        return (struct duration){0};
    }
    /* Our own clock may have been set back in between. */
    struct instant heard_at = instant_max(answer->heard_at, asked_at);
    struct duration least = instant_since(answer->date, heard_at);
    struct duration most = instant_since(instant_add(answer->date, second), asked_at);
    return least.us > 0 ? least : most.us < 0 ? most : (struct duration){0};
}
