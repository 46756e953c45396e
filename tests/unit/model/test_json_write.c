#include "json_fixture.h"

static void test_writes(void **state)
{
    struct fixture *f = *state;
    struct guest guests[2] = {{.name = STR("Bo"), .phone = STR("+14155550101")},
                              {.name = STR("C\"y"), .colour = 9}};
    struct badge badge = {.code = -3, .is_lost = true};
    struct person p = {.id = {77},
                       .name = STR("Ana"),
                       .phone = STR("+14155550102"),
                       .cost = 7,
                       .is_active = true,
                       .seen_at = {1767603600123999},
                       .colour = colour_GREEN,
                       .quiet_end = STR("08:00"),
                       .guests = {guests, 2},
                       .badge = &badge,
                       .secret = STR("s"),
                       .notes = STR("n"),
                       .phone_hash = STR("h"),
                       .created_at = {1767603600000000}};
    char id[ID_TEXT_MAX];
    char expected[512];
    struct buf out = {.arena = f->arena};
    snprintf(
        expected, sizeof expected,
        "{\"id\":\"%s\",\"name\":\"Ana\",\"phone\":\"%%s\",\"age\":0,\"score\":0,"
        "\"cost\":7,\"active\":true,\"seenAt\":\"2026-01-05T09:00:00.123Z\",\"colour\":\"GREEN\","
        "\"quietHours\":{\"end\":\"08:00\"},\"guests\":[{\"name\":\"Bo\",\"phone\":\"%%s\"},"
        "{\"name\":\"C\\\"y\"}],\"badge\":{\"code\":-3,\"lost\":true},"
        "\"createdAt\":\"2026-01-05T09:00:00Z\"}",
        id_format(id_key, p.id, id).ptr);
    char whole[512];
    char *marks[2] = {strstr(expected, "%s"), NULL};
    marks[1] = strstr(marks[0] + 2, "%s");
    snprintf(whole, sizeof whole, "%.*s+14155550102%.*s+14155550101%s", (int)(marks[0] - expected),
             expected, (int)(marks[1] - marks[0] - 2), marks[0] + 2, marks[1] + 2);
    record_to_json(&f->context, &out, &person_record, &p);
    assert_str(buf_str(&out), whole);

    f->context.is_list_view = true;
    snprintf(whole, sizeof whole, "%.*s****0102%.*s****0101%s", (int)(marks[0] - expected),
             expected, (int)(marks[1] - marks[0] - 2), marks[0] + 2, marks[1] + 2);
    buf_clear(&out);
    record_to_json(&f->context, &out, &person_record, &p);
    assert_str(buf_str(&out), whole);
}

static void test_writes_members_and_groups(void **state)
{
    struct fixture *f = *state;
    struct buf out = {.arena = f->arena};
    struct order order = {.billing_note = STR("x")};
    assert_true(record_members_to_json(&f->context, &out, &order_record, &order));
    assert_str(buf_str(&out), "\"contact\":{\"floor\":0},\"billing\":{\"note\":\"x\"},\"limit\":0");
    buf_clear(&out);
    struct guest guest = {0};
    assert_false(record_members_to_json(&f->context, &out, &guest_record, &guest));
    record_to_json(&f->context, &out, &guest_record, &guest);
    assert_str(buf_str(&out), "{}");
    buf_clear(&out);
    struct person p = {0};
    record_to_json(&f->context, &out, &person_record, &p);
    assert_str(buf_str(&out), "{\"age\":0,\"score\":0,\"active\":false,\"guests\":[]}");
}

static void test_add_text(void **state)
{
    struct fixture *f = *state;
    static const struct {
        struct str in;
        const char *out;
    } rows[] = {
        {STR_INIT(""), "\"\""},
        {STR_INIT("plain é 🎉"), "\"plain é 🎉\""},
        {STR_INIT("\"\\\n\t\r\b\f/"), "\"\\\"\\\\\\n\\t\\r\\b\\f/\""},
        {STR_INIT("\x01\x1f\x7f"), "\"\\u0001\\u001f\x7f\""},
        {STR_INIT("a\0b"), "\"a\\u0000b\""},
        {STR_INIT("\xff\xc3"), "\"\xef\xbf\xbd\xef\xbf\xbd\""},
        {STR_INIT("x\xed\xa0\x80y"), "\"x\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdy\""},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct buf out = {.arena = f->arena};
        json_add_text(&out, rows[i].in);
        assert_str(buf_str(&out), rows[i].out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_writes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_writes_members_and_groups, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_add_text, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
