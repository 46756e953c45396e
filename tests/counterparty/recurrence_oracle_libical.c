/* recurrence_oracle_libical: the same lines as recurrence_oracle, answered by libical's iterator.
 *
 * It is a second opinion for recurrence_oracle.py, not a part of the product. libical can loop for
 * ever on odd rules, so each line is answered by a child with a limit on its processor time; one
 * that is stopped is answered by TIMEOUT, a rule that libical refuses by ERROR. */
#include <libical/ical.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 8192, CHILD_CPU_US = 10000 };

static void answer(const char *dtstart_text, const char *rule_text, long count)
{
    struct icaltimetype dtstart = icaltime_from_string(dtstart_text);
    struct icalrecurrencetype rule = icalrecurrencetype_from_string(rule_text);
    icalrecur_iterator *iterator = NULL;
    if (rule.freq != ICAL_NO_RECURRENCE) {
        iterator = icalrecur_iterator_new(rule, dtstart);
    }
    if (iterator == NULL) {
        puts("ERROR");
        return;
    }
    for (long i = 0; i < count; i++) {
        struct icaltimetype at = icalrecur_iterator_next(iterator);
        if (icaltime_is_null_time(at)) {
            fputs("END", stdout);
            break;
        }
        printf("%04d%02d%02dT%02d%02d%02d ", at.year, at.month, at.day, at.hour, at.minute,
               at.second);
    }
    putchar('\n');
    icalrecur_iterator_free(iterator);
}

/* True where the child wrote its whole line: its output is buffered until its time cannot end any
 * more. */
static bool answer_in_child(const char *dtstart, const char *rule, long count)
{
    fflush(stdout);
    pid_t child = fork();
    if (child < 0) {
        return false;
    }
    if (child == 0) {
        static const struct itimerval none = {0};
        struct itimerval limit = {.it_value = {.tv_usec = CHILD_CPU_US}};
        setitimer(ITIMER_PROF, &limit, NULL);
        answer(dtstart, rule, count);
        setitimer(ITIMER_PROF, &none, NULL);
        fflush(stdout);
        _exit(0);
    }
    int status = 0;
    return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int main(void)
{
    char line[LINE_MAX_BYTES];
    static char buffer[65536];
    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    icalerror_set_errors_are_fatal(0);
    while (fgets(line, sizeof line, stdin) != NULL) {
        char *rule = strchr(line, '\t');
        char *count = rule == NULL ? NULL : strchr(rule + 1, '\t');
        if (count == NULL) {
            puts("ERROR");
            continue;
        }
        *rule++ = '\0';
        *count++ = '\0';
        if (!answer_in_child(line, rule, strtol(count, NULL, 10))) {
            puts("TIMEOUT");
        }
    }
    return ferror(stdin) || fflush(stdout) != 0 ? 1 : 0;
}
