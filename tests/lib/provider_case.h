/* tests/lib/provider_case: what the tests of the providers of calls and texts begin with.
 *
 * The state of a test is an arena, which ends with it. The job's attempt is "a-1"; it left a minute
 * before its now, 2026-01-05T09:01:00Z. */
#ifndef TOCSIN_TESTS_LIB_PROVIDER_CASE_H
#define TOCSIN_TESTS_LIB_PROVIDER_CASE_H

#include "channel/provider.h"

int provider_case_begin(void **state);
int provider_case_end(void **state);
#define PROVIDER_CASE(name) \
    cmocka_unit_test_setup_teardown(name, provider_case_begin, provider_case_end)

struct send_job provider_job(enum channel channel, const char *to, const char *text);
struct wire_answer provider_said(int status, const char *body);
/* The same at the job's now, by a clock that is so far ahead of ours. */
struct wire_answer provider_said_ahead(const struct send_job *job, int64_t seconds,
                                       const char *body);
/* ACCEPTED: `first`, before so many others. */
void assert_found(const struct verdict *verdict, const char *first, size_t others);

#endif
