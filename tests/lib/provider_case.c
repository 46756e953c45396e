#include "lib/provider_case.h"

int provider_case_begin(void **state)
{
    *state = arena_new();
    return 0;
}

int provider_case_end(void **state)
{
    struct arena *arena = *state;
    arena_free(&arena);
    return 0;
}

struct send_job provider_job(enum channel channel, const char *to, const char *text)
{
    return (struct send_job){.channel = channel,
                             .attempt = STR("a-1"),
                             .to = str_from(to),
                             .text = str_from(text),
                             .now = {INT64_C(1767603660000000)},
                             .claimed_at = {INT64_C(1767603600000000)},
                             .made_since = {INT64_C(1767603600000000) - INT64_C(30000000)}};
}

struct wire_answer provider_said(int status, const char *body)
{
    return (struct wire_answer){.outcome = WIRE_ANSWERED, .status = status, .body = str_from(body)};
}
