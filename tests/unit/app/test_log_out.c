#include "app/log_out.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct pipe_end {
    struct log_out *out;
    int reader;
    int writer;
    char read[4 * LOG_KEPT_BYTES];
};

static int begin(void **state)
{
    struct pipe_end *end = calloc(1, sizeof *end);
    int fds[2];
    assert_non_null(end);
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
    end->out = calloc(1, sizeof *end->out);
    assert_non_null(end->out);
    end->reader = fds[0];
    end->writer = fds[1];
    log_out_open(end->out, end->writer);
    *state = end;
    return 0;
}

static int finish(void **state)
{
    struct pipe_end *end = *state;
    close(end->reader);
    close(end->writer);
    free(end->out);
    free(end);
    return 0;
}

/* What has been written since the last look. */
static struct str look(struct pipe_end *end)
{
    size_t len = 0;
    ssize_t got = 0;
    while ((got = read(end->reader, end->read + len, sizeof end->read - len)) > 0) {
        len += (size_t)got;
    }
    return (struct str){end->read, len};
}

static void test_line_at_once(void **state)
{
    struct pipe_end *end = *state;
    log_out_line(end->out, STR("one\n"));
    assert_true(str_equal_text(look(end), "one\n"));
    log_out_line(end->out, STR("two\n"));
    assert_true(str_equal_text(look(end), "two\n"));
}

static void test_held_lines_come_together(void **state)
{
    struct pipe_end *end = *state;
    log_out_hold(end->out);
    log_out_line(end->out, STR("one\n"));
    log_out_line(end->out, STR("two\n"));
    assert_int_equal(look(end).len, 0);
    log_out_let_go(end->out);
    assert_true(str_equal_text(look(end), "one\ntwo\n"));
    log_out_line(end->out, STR("three\n"));
    assert_true(str_equal_text(look(end), "three\n"));
    log_out_let_go(end->out);
    assert_int_equal(look(end).len, 0);
}

static void test_flush_while_held(void **state)
{
    struct pipe_end *end = *state;
    log_out_hold(end->out);
    log_out_line(end->out, STR("an error\n"));
    log_out_flush(end->out);
    assert_true(str_equal_text(look(end), "an error\n"));
    log_out_line(end->out, STR("more\n"));
    assert_int_equal(look(end).len, 0);
    log_out_let_go(end->out);
    assert_true(str_equal_text(look(end), "more\n"));
}

/* More than can be kept: all of it is there, in its order. */
static void test_more_than_is_kept(void **state)
{
    struct pipe_end *end = *state;
    char line[101];
    enum { LINES = 3 * LOG_KEPT_BYTES / 100 };
    log_out_hold(end->out);
    for (int i = 0; i < LINES; i++) {
        memset(line, 'a' + i % 26, sizeof line - 2);
        line[sizeof line - 2] = '\n';
        log_out_line(end->out, (struct str){line, sizeof line - 1});
    }
    log_out_let_go(end->out);
    struct str all = look(end);
    assert_int_equal(all.len, LINES * 100);
    for (int i = 0; i < LINES; i++) {
        assert_int_equal(all.ptr[i * 100], 'a' + i % 26);
        assert_int_equal(all.ptr[i * 100 + 99], '\n');
    }
}

/* A line that is longer than all that can be kept comes behind what was kept before it. */
static void test_line_too_long_to_keep(void **state)
{
    struct pipe_end *end = *state;
    char *line = malloc(LOG_KEPT_BYTES + 1);
    assert_non_null(line);
    memset(line, 'x', LOG_KEPT_BYTES + 1);
    log_out_hold(end->out);
    log_out_line(end->out, STR("first\n"));
    log_out_line(end->out, (struct str){line, LOG_KEPT_BYTES + 1});
    struct str all = look(end);
    assert_int_equal(all.len, 6 + LOG_KEPT_BYTES + 1);
    assert_memory_equal(all.ptr, "first\nx", 7);
    log_out_let_go(end->out);
    assert_int_equal(look(end).len, 0);
    free(line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_line_at_once, begin, finish),
        cmocka_unit_test_setup_teardown(test_held_lines_come_together, begin, finish),
        cmocka_unit_test_setup_teardown(test_flush_while_held, begin, finish),
        cmocka_unit_test_setup_teardown(test_more_than_is_kept, begin, finish),
        cmocka_unit_test_setup_teardown(test_line_too_long_to_keep, begin, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
