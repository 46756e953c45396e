#include "json_fixture.h"

static enum err fake_decode(struct arena *arena, struct str raw, struct str *out)
{
    (void)arena;
    *out = raw;
    return str_contains(raw, STR("%")) ? E_INVALID : OK;
}

static enum err read_query(struct fixture *f, const char *query, struct search *out,
                           struct presence *given)
{
    f->problem = (struct problem){0};
    f->context.decode = fake_decode;
    return record_from_query(&f->context, &search_record, str_from(query), out, given);
}

static void test_query(void **state)
{
    struct fixture *f = *state;
    struct search search = {.page = 4};
    struct presence given = {(uint64_t)1 << 63};
    assert_int_equal(read_query(f, "limit=100&text=a=b&&colour=GREEN&since=2026-01-05T09:00:00Z",
                                &search, &given),
                     OK);
    assert_int_equal(search.limit, 100);
    assert_str(search.text, "a=b");
    assert_int_equal(search.colour, colour_GREEN);
    assert_true(search.since.us == 1767603600000000);
    assert_true(search.is_deep);
    assert_int_equal(search.page, 4);
    assert_true(presence_has(given, record_field_index(&search_record, "limit")));
    assert_false(presence_has(given, record_field_index(&search_record, "is_deep")));
    assert_true(presence_has(given, 63));
    assert_int_equal(read_query(f, "text=x&deep=false", &search, NULL), OK);
    assert_false(search.is_deep);

    static const struct refusal refusals[] = {
        {NULL, "text", "text is required in the query string; it must be a string"},
        {"", "text", "is required"},
        {"text=", "text", "must not be empty"},
        {"text", "text", "must not be empty"},
        {"text=a&text=b", "text", "more than once"},
        {"text=a&limit=0", "limit", "from 1 to 100, not 0"},
        {"text=a&limit=x", "limit", "must be a whole number"},
        {"text=a&limit=99999999999999999999", "limit", "must be a whole number"},
        {"text=a&deep=maybe", "deep", "must be true or false"},
        {"text=a&colour=BLACK", "colour", "one of RED, GREEN, DARK_BLUE"},
        {"text=a&since=today", "since", "ISO 8601"},
        {"text=a&lmit=1", "lmit", "is not a known parameter; did you mean \"limit\"?"},
        {"text=a&groupId=1", "groupId", "is not a known parameter"},
        {"text=a&page=1", "page", "is not a known parameter"},
        {"text=%zz", "text", "is not percent-encoded UTF-8"},
        {"text=\xff", "text", "well-formed UTF-8"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(refusals); i++) {
        assert_int_equal(read_query(f, refusals[i].text, &search, NULL), E_INVALID);
        assert_string_equal(f->problem.field, refusals[i].field);
        if (strstr(f->problem.message, refusals[i].message) == NULL) {
            fail_msg("%s: %s", refusals[i].text, f->problem.message);
        }
    }
}

static void test_field_from_text(void **state)
{
    struct fixture *f = *state;
    struct order order = {0};
    char text[ID_TEXT_MAX];
    const struct field *field = &order_record.fields[record_field_index(&order_record, "group_id")];
    struct str id = id_format(id_key, (struct id){5}, text);
    assert_int_equal(record_field_from_text(&f->context, field, id, &order), OK);
    assert_int_equal(order.group_id.value, 5);
    /* A UUID that is not ours is for the look-up to refuse (404); what is no UUID is refused here.
     */
    text[35] ^= 1;
    assert_int_equal(record_field_from_text(&f->context, field, id, &order), OK);
    assert_true(id_equal(order.group_id, ID_UNKNOWN));
    text[35] = 'x';
    assert_int_equal(record_field_from_text(&f->context, field, id, &order), E_INVALID);
    assert_string_equal(f->problem.field, "groupId");
    struct person p = {.seen_at = {5000}};
    field = &person_record.fields[record_field_index(&person_record, "seen_at")];
    assert_int_equal(record_field_from_text(&f->context, field, STR("x"), &p), E_INVALID);
    field = &person_record.fields[record_field_index(&person_record, "notes")];
    assert_int_equal(record_field_from_text(&f->context, field, STR("\x01\r"), &p), OK);
    field = &person_record.fields[record_field_index(&person_record, "is_active")];
    assert_int_equal(record_field_from_text(&f->context, field, STR("yes"), &p), OK);
    assert_true(p.is_active);
    field = &person_record.fields[record_field_index(&person_record, "guests")];
    assert_int_equal(record_field_from_text(&f->context, field, STR("x"), &p), E_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_query, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_field_from_text, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
