/* recurrence_oracle: what our recurrence engine names, for comparison with others.
 *
 * Reads lines of DTSTART, RRULE and a count, with tabs between, such as
 * "20260105T090000<TAB>FREQ=DAILY<TAB>3"; DTSTART is wall-clock time. Answers each with one line:
 * up to that many instances with blanks between, then END or EXHAUSTED where the rule had no more.
 * A line that cannot be read is answered by "ERROR" and the reason. */
#include "domain/recurrence.h"

#include <stdio.h>
#include <string.h>

enum { LINE_MAX_BYTES = 8192 };

static bool read_civil(struct str text, struct civil *out)
{
    char copy[16] = {0};
    if (text.len != sizeof copy - 1) {
        return false;
    }
    memcpy(copy, text.ptr, text.len);
    int year = 0;
    int month = 0;
    int day = 0;
    int hour = 0;
    int minute = 0;
    int second = 0;
    if (sscanf(copy, "%4d%2d%2dT%2d%2d%2d", &year, &month, &day, &hour, &minute, &second) != 6) {
        return false;
    }
    *out = (struct civil){year,         (int8_t)month,  (int8_t)day,
                          (int8_t)hour, (int8_t)minute, (int8_t)second};
    return civil_is_valid(*out);
}

static void print_instances(const struct recurrence_rule *rule, struct civil dtstart, int64_t count)
{
    struct recurrence_iterator iterator;
    struct civil at;
    recurrence_begin(&iterator, rule, dtstart);
    for (int64_t i = 0; i < count; i++) {
        enum recurrence_step step = recurrence_next(&iterator, &at);
        if (step != RECURRENCE_FOUND) {
            fputs(step == RECURRENCE_END ? "END" : "EXHAUSTED", stdout);
            break;
        }
        printf("%04d%02d%02dT%02d%02d%02d ", (int)at.year, at.month, at.day, at.hour, at.minute,
               at.second);
    }
    putchar('\n');
}

static void answer(struct str line)
{
    struct str dtstart_text = STR_NONE;
    struct str rule_text = STR_NONE;
    struct civil dtstart;
    struct recurrence_rule rule;
    struct problem problem = {0};
    int64_t count = 0;
    if (!str_split(&line, '\t', &dtstart_text) || !str_split(&line, '\t', &rule_text) ||
        !read_civil(dtstart_text, &dtstart) || str_to_int(line, &count) != OK) {
        puts("ERROR the line is not DTSTART, RRULE and a count");
    } else if (recurrence_parse(rule_text, &rule, &problem) != OK) {
        printf("ERROR %s\n", problem.message);
    } else {
        print_instances(&rule, dtstart, count);
    }
}

int main(void)
{
    char line[LINE_MAX_BYTES];
    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        answer(str_from(line));
    }
    return ferror(stdin) || fflush(stdout) != 0 ? 1 : 0;
}
