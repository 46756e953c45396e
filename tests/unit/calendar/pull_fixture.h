/* What the tests of calendar/pull share: a pull whose answers are written in the test. */
#ifndef TOCSIN_TESTS_UNIT_CALENDAR_PULL_FIXTURE_H
#define TOCSIN_TESTS_UNIT_CALENDAR_PULL_FIXTURE_H

#include "fixture.h"

#include "base/buf.h"
#include "calendar/pull.h"

struct script {
    struct arena *arena;
    struct pull_source source;
    struct pull *pull;
    struct wire_request request;
    struct pull_result result;
};

static inline struct script begin(void **state, enum pull_kind kind, const char *url)
{
    struct fixture *fixture = *state;
    return (struct script){.arena = fixture->arena, .source = {.kind = kind, .url = str_from(url)}};
}

static inline void start(struct script *script)
{
    struct problem problem = {0};
    assert_int_equal(
        pull_begin(script->arena, &script->source, &script->pull, &script->request, &problem), OK);
    assert_true(script->request.http.user_given_url);
}

static inline enum pull_state answer_with(struct script *script, struct wire_answer answer)
{
    if (!str_is_set(answer.final_url)) {
        answer.final_url = script->request.http.url;
    }
    return pull_answer(script->pull, &answer, &script->request, &script->result);
}

static inline enum pull_state answer(struct script *script, int status, const char *body)
{
    return answer_with(
        script,
        (struct wire_answer){.outcome = WIRE_ANSWERED, .status = status, .body = str_from(body)});
}

static inline struct str header(const struct script *script, const char *name)
{
    for (size_t i = 0; i < script->request.http.header_count; i++) {
        if (str_equal_nocase(script->request.http.headers[i].name, str_from(name))) {
            return script->request.http.headers[i].value;
        }
    }
    return STR_NONE;
}

static inline void assert_contains(struct str text, const char *part)
{
    if (!str_contains(text, str_from(part))) {
        print_error("\"%s\" is not in: %.*s\n", part, STR_FMT(text));
    }
    assert_true(str_contains(text, str_from(part)));
}

#define ICS(uid) "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:" uid "\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"

#endif
