#include "lib/provider_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

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
                             .made_since = {INT64_C(1767603600000000) - SECONDS(30).us}};
}

struct wire_answer provider_said(int status, const char *body)
{
    return (struct wire_answer){.outcome = WIRE_ANSWERED, .status = status, .body = str_from(body)};
}

struct wire_answer provider_said_ahead(const struct send_job *job, int64_t seconds,
                                       const char *body)
{
    struct wire_answer answer = provider_said(200, body);
    answer.date = instant_add(job->now, SECONDS(seconds));
    answer.heard_at = job->now;
    return answer;
}

void assert_found(const struct verdict *verdict, const char *first, size_t others)
{
    assert_int_equal(verdict->kind, VERDICT_ACCEPTED);
    assert_true(str_equal_text(verdict->provider_id, first));
    assert_int_equal(verdict->other_count, others);
}
