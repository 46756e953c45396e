/* fuzz_recurrence: any text as an RRULE, from any DTSTART.
 *
 * The first eight bytes choose DTSTART and where to seek, the rest is the rule. Whatever is read
 * must give instances that ascend, from DTSTART to UNTIL, no more than COUNT, the same after a
 * seek. */
#include "domain/recurrence.h"

#include <assert.h>

enum { STEPS_MAX = 200, HEAD_BYTES = 8, LINE_MAX_BYTES = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* `to` is an instance that walking found. */
static void check_seek(const struct recurrence_rule *rule, struct civil dtstart, struct civil to)
{
    struct recurrence_iterator iterator;
    struct civil found;
    recurrence_begin(&iterator, rule, dtstart);
    recurrence_seek(&iterator, to);
    enum recurrence_step step = recurrence_next(&iterator, &found);
    assert(step == RECURRENCE_FOUND && civil_equal(found, to));
}

static void check_walk(const struct recurrence_rule *rule, struct civil dtstart, int seek_after)
{
    struct recurrence_iterator iterator;
    struct civil last = dtstart;
    struct civil at;
    recurrence_begin(&iterator, rule, dtstart);
    for (int i = 0; i < STEPS_MAX; i++) {
        if (recurrence_next(&iterator, &at) != RECURRENCE_FOUND) {
            assert(recurrence_next(&iterator, &at) != RECURRENCE_FOUND);
            return;
        }
        int order = civil_compare(last, at);
        assert(civil_is_valid(at) && (order < 0 || (order == 0 && i == 0)));
        assert(!rule->has_until || civil_compare(at, rule->until) <= 0);
        assert(rule->count == 0 || i < rule->count);
        if (i == seek_after) {
            check_seek(rule, dtstart, at);
        }
        last = at;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    if (len < HEAD_BYTES || len > LINE_MAX_BYTES) {
        return 0;
    }
    int year = 1 + (bytes[0] << 8 | bytes[1]) % 9999;
    int month = 1 + bytes[2] % 12;
    int day = 1 + bytes[3] % days_in_month(year, month);
    struct date date = {year, (int8_t)month, (int8_t)day};
    struct civil dtstart = civil_from_date(date, bytes[4] % 24, bytes[5] % 60, bytes[6] % 60);

    struct recurrence_rule rule;
    struct problem problem = {0};
    struct str text = {(const char *)bytes + HEAD_BYTES, len - HEAD_BYTES};
    if (recurrence_parse(text, &rule, &problem) != OK) {
        assert(problem.err == E_INVALID && problem.message[0] != '\0');
        assert(str_is_utf8(str_from(problem.message)));
        return 0;
    }
    check_walk(&rule, dtstart, bytes[7] % STEPS_MAX);
    return 0;
}
