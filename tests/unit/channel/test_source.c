/* What sources of alerts send, and what is made of it. */
#include "channel/source.h"
#include "lib/places.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
    struct arena *arena;
    struct source_batch batch;
    struct problem problem;
};

static int set_up(void **state)
{
    struct fixture *f = test_calloc(1, sizeof *f);
    f->arena = arena_new();
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    arena_free(&f->arena);
    test_free(f);
    return 0;
}

static enum err read_as(struct fixture *f, enum source_kind kind, const char *text,
                        const struct source_mapping *mapping)
{
    struct source_body body = {.kind = kind, .mapping = mapping, .text = str_from(text)};
    f->problem = (struct problem){0};
    return source_read(&body, f->arena, &f->batch, &f->problem);
}

static const struct source_report *read_one(struct fixture *f, const char *text,
                                            const struct source_mapping *mapping)
{
    assert_int_equal(read_as(f, source_kind_GENERIC, text, mapping), OK);
    assert_int_equal(f->batch.count, 1);
    return &f->batch.items[0];
}

static void assert_text(struct str actual, const char *wanted)
{
    if (!str_equal_text(actual, wanted)) {
        fail_msg("\"%.*s\" is not \"%s\"", STR_FMT(actual), wanted);
    }
}

static void test_generic_defaults(void **state)
{
    const struct source_report *report =
        read_one(*state,
                 "{\"summary\":\" Disk\\tfull \",\"priority\":\"P1\",\"id\":17,\"host\":\"db1\","
                 "\"tags\":[\"a\",{\"b\":true}],\"nothing\":null,\"description\":\"two\\nlines\"}",
                 NULL);
    assert_text(report->title, "Disk full");
    assert_int_equal(report->severity, severity_CRITICAL);
    assert_int_equal(report->signal, alert_signal_FIRING);
    assert_text(report->dedup_key, "17");
    assert_false(report->repeats);
    assert_true(str_starts(report->details, STR("two\nlines\n")));
    assert_true(str_contains(report->details, STR("host: db1\n")));
    assert_true(str_contains(report->details, STR("tags.0: a")));
    assert_true(str_contains(report->details, STR("tags.1.b: true")));
    /* What stands elsewhere, or says nothing, is not said again. */
    assert_false(str_contains(report->details, STR("Disk")));
    assert_false(str_contains(report->details, STR("nothing")));
    assert_false(str_contains(report->details, STR("17")));
}

static void test_first_name_counts(void **state)
{
    const struct source_report *report = read_one(
        *state, "{\"message\":\"m\",\"title\":\"t\",\"fingerprint\":\"f\",\"id\":\"i\"}", NULL);
    assert_text(report->title, "t");
    assert_text(report->dedup_key, "f");
    report = read_one(*state, "{\"title\":null,\"message\":\"m\"}", NULL);
    assert_text(report->title, "m");
    assert_false(str_is_set(report->dedup_key));
    assert_int_equal(report->severity, severity_NONE);
    assert_false(str_is_set(report->details));
}

static void test_words(void **state)
{
    (void)state;
    assert_int_equal(source_severity(NULL, STR("critical")), severity_CRITICAL);
    assert_int_equal(source_severity(NULL, STR("Error")), severity_HIGH);
    assert_int_equal(source_severity(NULL, STR(" WARNING ")), severity_MEDIUM);
    assert_int_equal(source_severity(NULL, STR("info")), severity_LOW);
    assert_int_equal(source_severity(NULL, STR("odd")), severity_NONE);
    assert_int_equal(source_severity(NULL, STR_NONE), severity_NONE);
    assert_int_equal(source_signal(NULL, STR("resolved")), alert_signal_RESOLVED);
    assert_int_equal(source_signal(NULL, STR("OK")), alert_signal_RESOLVED);
    assert_int_equal(source_signal(NULL, STR("acknowledge")), alert_signal_ACKNOWLEDGED);
    assert_int_equal(source_signal(NULL, STR("trigger")), alert_signal_FIRING);
    assert_int_equal(source_signal(NULL, STR("odd")), alert_signal_FIRING);
    assert_int_equal(source_signal(NULL, STR_NONE), alert_signal_FIRING);
    const struct severity_word severities[] = {{STR_INIT("Red"), severity_HIGH},
                                               {STR_INIT("critical"), severity_LOW}};
    const struct signal_word signals[] = {{STR_INIT("0"), alert_signal_RESOLVED},
                                          {STR_INIT("test"), alert_signal_IGNORED}};
    struct source_mapping own = {.severity_words = {severities, 2}, .status_words = {signals, 2}};
    assert_int_equal(source_severity(&own, STR("red")), severity_HIGH);
    assert_int_equal(source_severity(&own, STR("critical")), severity_LOW);
    assert_int_equal(source_severity(&own, STR("error")), severity_HIGH);
    assert_int_equal(source_signal(&own, STR("0")), alert_signal_RESOLVED);
    assert_int_equal(source_signal(&own, STR("TEST")), alert_signal_IGNORED);
    assert_int_equal(source_signal(&own, STR("ok")), alert_signal_RESOLVED);
}

static void test_mapping(void **state)
{
    const struct source_mapping mapping = {
        .items = STR("/data/events"),
        .title = STR("{/host|/node}: {/check/name} is {/check/value}%"),
        .severity = STR("/check/level"),
        .dedup_key = STR("{/node}/{/check/name}"),
        .status = STR("{/up}"),
        .details = STR("/check"),
    };
    struct fixture *f = *state;
    assert_int_equal(mapping_check(&mapping, &f->problem), OK);
    assert_int_equal(
        read_as(f, source_kind_GENERIC,
                "{\"data\":{\"events\":[{\"node\":\"n1\",\"check\":{\"name\":\"disk\",\"value\":"
                "97.5,\"level\":\"warn\"},\"x\":1},{\"node\":\"n2\",\"up\":\"up\"}]}}",
                &mapping),
        OK);
    assert_int_equal(f->batch.count, 2);
    assert_text(f->batch.items[0].title, "n1: disk is 97.5%");
    assert_text(f->batch.items[0].dedup_key, "n1/disk");
    assert_int_equal(f->batch.items[0].severity, severity_MEDIUM);
    assert_text(f->batch.items[0].details, "name: disk\nvalue: 97.5\nlevel: warn");
    assert_int_equal(f->batch.items[1].signal, alert_signal_RESOLVED);
    assert_text(f->batch.items[1].dedup_key, "n2/");
    assert_int_equal(read_as(f, source_kind_GENERIC, "{\"data\":[]}", &mapping), E_INVALID);
    assert_string_equal(f->problem.field, "items");
}

static void test_mapping_check(void **state)
{
    struct fixture *f = *state;
    static const char *const good[] = {"/a", "{/a}", "{/a|/b} and {/c}", "plain", "/a|/b~1c", "}"};
    static const char *const bad[] = {"{/a", "{a}", "{}", "{/a|b}", "/a|b", "{/~2}", "x {", "/a|"};
    for (size_t i = 0; i < ARRAY_LENGTH(good); i++) {
        struct source_mapping mapping = {.title = str_from(good[i])};
        assert_int_equal(mapping_check(&mapping, &f->problem), OK);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        struct source_mapping mapping = {.status = str_from(bad[i])};
        assert_int_equal(mapping_check(&mapping, &f->problem), E_INVALID);
        assert_string_equal(f->problem.field, "mapping.status");
    }
    struct source_mapping items = {.items = STR("data")};
    assert_int_equal(mapping_check(&items, &f->problem), E_INVALID);
    assert_string_equal(f->problem.field, "mapping.items");
}

static void test_generic_bounds(void **state)
{
    struct fixture *f = *state;
    struct buf text = {.arena = f->arena};
    buf_add_text(&text, "{\"title\":\"");
    for (int i = 0; i < 400; i++) {
        buf_add_text(&text, "é");
    }
    buf_add_text(&text, "\",\"id\":\"");
    for (int i = 0; i < 256; i++) {
        buf_add_byte(&text, 'k');
    }
    buf_add_text(&text, "\"");
    for (int i = 0; i < 2000; i++) {
        buf_printf(&text, ",\"m%d\":\"value %d\"", i, i);
    }
    buf_add_text(&text, "}");
    const struct source_report *report = read_one(f, buf_str(&text).ptr, NULL);
    assert_int_equal(report->title.len, SOURCE_TITLE_MAX + strlen("…"));
    assert_true(str_is_utf8(report->title));
    assert_int_equal(report->dedup_key.len, strlen("sha256:") + 64);
    assert_true(report->details.len <= 10000);
    assert_true(str_is_utf8(report->details));
    buf_clear(&text);
    buf_add_text(&text, "[{\"title\":\"x\"}");
    for (int i = 1; i < SOURCE_EVENTS_MAX; i++) {
        buf_add_text(&text, ",{\"title\":\"x\"}");
    }
    assert_int_equal(read_as(f, source_kind_GENERIC,
                             arena_printf(f->arena, "%s]", buf_str(&text).ptr).ptr, NULL),
                     OK);
    assert_int_equal(f->batch.count, SOURCE_EVENTS_MAX);
    buf_add_text(&text, ",{\"title\":\"x\"}]");
    assert_int_equal(read_as(f, source_kind_GENERIC, buf_str(&text).ptr, NULL), E_INVALID);
}

static void test_generic_refused(void **state)
{
    static const struct {
        const char *text;
        const char *field;
    } bad[] = {
        {"", "body"},
        {"{", "body"},
        {"{\"title\":\"\xff\"}", "body"},
        {"7", "event"},
        {"\"x\"", "event"},
        {"{}", "title"},
        {"{\"title\":\" \\n \"}", "title"},
        {"{\"title\":{\"a\":1}}", "title"},
        {"[{\"title\":\"a\"},{\"titel\":\"b\"}]", "[1].title"},
        {"[{\"title\":\"a\"},[]]", "[1].event"},
        {"{\"title\":\"a\",\"status\":\"resolved\"}", "dedupKey"},
        {"[{\"status\":\"ack\"}]", "[0].dedupKey"},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        assert_int_equal(read_as(f, source_kind_GENERIC, bad[i].text, NULL), E_INVALID);
        assert_string_equal(f->problem.field, bad[i].field);
    }
    assert_int_equal(read_as(f, source_kind_GENERIC, "[]", NULL), OK);
    assert_int_equal(f->batch.count, 0);
    /* Numbers of any length are numbers. */
    assert_int_equal(
        read_as(f, source_kind_GENERIC, "{\"title\":\"a\",\"n\":123456789012345678901}", NULL), OK);
}

#define FIRING                                                                                   \
    "{\"status\":\"firing\",\"labels\":{\"alertname\":\"DBDown\",\"severity\":\"critical\"},"    \
    "\"annotations\":{\"summary\":\"db1 is down\",\"description\":\"no answer\",\"run\":\"r\"}," \
    "\"startsAt\":\"2026-11-21T01:28:12.791762147+01:00\",\"endsAt\":\"0001-01-01T00:00:00Z\","  \
    "\"generatorURL\":\"http://prom/g\",\"fingerprint\":\"7bb7ca204d493843\"}"

static void test_alertmanager(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(read_as(f, source_kind_ALERTMANAGER,
                             "{\"version\":\"4\",\"status\":\"firing\",\"truncatedAlerts\":3,"
                             "\"alerts\":[" FIRING
                             ",{\"status\":\"resolved\",\"labels\":{\"alertname\":\"X\"},"
                             "\"startsAt\":\"2026-11-21T00:28:12Z\",\"endsAt\":\"2026-11-21T00:"
                             "29:12Z\",\"fingerprint\":\"f2\"}]}",
                             NULL),
                     OK);
    assert_int_equal(f->batch.count, 2);
    assert_int_equal(f->batch.truncated, 3);
    const struct source_report *alert = &f->batch.items[0];
    assert_text(alert->title, "db1 is down");
    assert_text(alert->dedup_key, "7bb7ca204d493843");
    assert_int_equal(alert->signal, alert_signal_FIRING);
    assert_int_equal(alert->severity, severity_CRITICAL);
    assert_true(alert->repeats);
    assert_false(alert->is_test);
    /* Whole milliseconds, whatever the offset. */
    assert_int_equal(alert->starts_at.us, INT64_C(1795220892791000));
    assert_false(instant_is_set(alert->ends_at));
    assert_text(alert->details,
                "no answer\nrun: r\nlabels.alertname: DBDown\nlabels.severity: critical\n"
                "startsAt: 2026-11-21T01:28:12.791762147+01:00\ngeneratorURL: http://prom/g");
    alert = &f->batch.items[1];
    assert_text(alert->title, "X");
    assert_int_equal(alert->signal, alert_signal_RESOLVED);
    assert_int_equal(instant_since(alert->ends_at, alert->starts_at).us, SECONDS(60).us);
}

static void test_alertmanager_bare(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(read_as(f, source_kind_ALERTMANAGER,
                             "{\"alerts\":[{\"labels\":{\"a\":\"1\",\"b\":\"2\"},\"annotations\":"
                             "null},{\"labels\":{\"b\":\"2\",\"a\":\"1\"},\"startsAt\":\"0001-01-"
                             "01T00:00:00Z\"},{\"labels\":{\"a\":\"2\",\"b\":\"1\"}},"
                             "{\"fingerprint\":\"x\"}]}",
                             NULL),
                     OK);
    /* Labels have no order, and their names and values do not mix. */
    assert_int_equal(f->batch.items[0].dedup_key.len, 16);
    assert_true(str_equal(f->batch.items[0].dedup_key, f->batch.items[1].dedup_key));
    assert_false(str_equal(f->batch.items[0].dedup_key, f->batch.items[2].dedup_key));
    assert_int_equal(f->batch.items[1].signal, alert_signal_FIRING);
    assert_false(instant_is_set(f->batch.items[1].starts_at));
    assert_text(f->batch.items[3].title, "Alert x");
}

static void test_alertmanager_refused(void **state)
{
    static const struct {
        const char *text;
        const char *field;
    } bad[] = {
        {"[]", "alerts"},
        {"{}", "alerts"},
        {"{\"alerts\":{}}", "alerts"},
        {"{\"alerts\":[7]}", "alerts[0].status"},
        {"{\"alerts\":[" FIRING ",{}]}", "alerts[1].fingerprint"},
        {"{\"alerts\":[{\"labels\":{}}]}", "alerts[0].fingerprint"},
        {"{\"alerts\":[{\"fingerprint\":\"x\",\"startsAt\":\"now\"}]}", "alerts[0].startsAt"},
        {"not json", "body"},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        assert_int_equal(read_as(f, source_kind_ALERTMANAGER, bad[i].text, NULL), E_INVALID);
        assert_string_equal(f->problem.field, bad[i].field);
    }
}

static void test_grafana(void **state)
{
    struct fixture *f = *state;
    const char *text =
        "{\"version\":\"1\",\"orgId\":1,\"title\":\"[FIRING:1]\",\"state\":\"alerting\",\"alerts\":"
        "[{\"status\":\"firing\",\"labels\":{\"alertname\":\"CPU\"},\"annotations\":{},"
        "\"startsAt\":\"2026-11-21T02:28:12.5+02:00\",\"endsAt\":\"0001-01-01T00:00:00Z\","
        "\"values\":{\"A\":100000000000000000000},\"valueString\":\"[ A=1 ]\","
        "\"silenceURL\":\"http://g/s\",\"imageURL\":\"\",\"fingerprint\":\"c1\"},"
        "{\"labels\":{\"alertname\":\"TestAlert\"},\"values\":null,\"fingerprint\":\"c2\"}]}";
    assert_int_equal(read_as(f, source_kind_GRAFANA, text, NULL), OK);
    assert_text(f->batch.items[0].title, "CPU");
    assert_true(str_contains(f->batch.items[0].details, STR("valueString: [ A=1 ]\n")));
    assert_true(str_contains(f->batch.items[0].details, STR("silenceURL: http://g/s")));
    assert_false(str_contains(f->batch.items[0].details, STR("imageURL")));
    assert_false(f->batch.items[0].is_test);
    assert_true(f->batch.items[1].is_test);
    assert_int_equal(read_as(f, source_kind_ALERTMANAGER, text, NULL), OK);
    assert_false(f->batch.items[1].is_test);
}

/* The vector of RFC 4231, test case 2, and the two forms. */
static void test_signature(void **state)
{
    (void)state;
    const char *wanted = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    struct str secret = STR("Jefe");
    struct str body = STR("what do ya want for nothing?");
    assert_true(source_is_signed(secret, STR_NONE, body, str_from(wanted)));
    assert_true(
        source_is_signed(secret, STR_NONE, body,
                         STR("5BDCC146BF60754E6A042426089575C75A003F089D2739839DEC58B964EC3843")));
    assert_false(source_is_signed(secret, STR("1"), body, str_from(wanted)));
    assert_false(
        source_is_signed(secret, STR_NONE, STR("What do ya want for nothing?"), str_from(wanted)));
    assert_false(source_is_signed(secret, STR_NONE, body, STR_NONE));
    assert_false(source_is_signed(secret, STR_NONE, body, str_slice(str_from(wanted), 0, 63)));
    /* python3 -c 'import hmac; print(hmac.new(b"Jefe", b"1767603600:{}", "sha256").hexdigest())' */
    assert_true(
        source_is_signed(secret, STR("1767603600"), STR("{}"),
                         STR("9081ba6959e000b8a1ab9cae27516c32af0dc2033d5fed0f707e1be3f6ae53fd")));
}

/* What a real Alertmanager sent. */
static void test_deliveries(void **state)
{
    struct fixture *f = *state;
    char path[PLACE_MAX];
    size_t len = 0;
    size_t count = 0;
    size_t resolved = 0;
    if (!place_shared("counterparties/alertmanager/deliveries.jsonl", path)) {
        skip_because("counterparties/alertmanager/deliveries.jsonl is not there");
    }
    char *whole = file_read(path, &len);
    struct str rest = {whole, len};
    struct str line = STR_NONE;
    while (str_split(&rest, '\n', &line)) {
        size_t from = str_find(line, STR("\"body\":")) + STR("\"body\":").len;
        if (line.len == 0) {
            continue;
        }
        struct str body = arena_str(f->arena, str_slice(line, from, line.len - 1));
        assert_int_equal(read_as(f, source_kind_ALERTMANAGER, body.ptr, NULL), OK);
        for (size_t i = 0; i < f->batch.count; i++) {
            const struct source_report *alert = &f->batch.items[i];
            resolved += alert->signal == alert_signal_RESOLVED;
            assert_true(instant_is_set(alert->starts_at));
            assert_int_equal(instant_is_set(alert->ends_at),
                             alert->signal == alert_signal_RESOLVED);
            assert_int_equal(alert->dedup_key.len, 16);
            assert_int_equal(alert->severity, severity_CRITICAL);
            assert_true(str_ends(alert->title, STR(" is down")));
        }
        count++;
    }
    free(whole);
    assert_true(count >= 3);
    assert_true(resolved >= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_generic_defaults, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_first_name_counts, set_up, tear_down),
        cmocka_unit_test(test_words),
        cmocka_unit_test_setup_teardown(test_mapping, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_mapping_check, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_generic_bounds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_generic_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_alertmanager, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_alertmanager_bare, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_alertmanager_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_grafana, set_up, tear_down),
        cmocka_unit_test(test_signature),
        cmocka_unit_test_setup_teardown(test_deliveries, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
