#include "json_fixture.h"

static struct person read_person(struct fixture *f, const char *text, struct presence *given)
{
    struct person person;
    memset(&person, 0x5a, sizeof person);
    enum err err = record_from_json(&f->context, &person_record, str_from(text), &person, given);
    if (err != OK) {
        fail_msg("%s: %s", text, f->problem.message);
    }
    return person;
}

static void check_refusal(struct fixture *f, const struct record *record, bool is_partial,
                          const struct refusal *refusal)
{
    union {
        struct person person;
        struct order order;
        struct search search;
    } out;
    f->problem = (struct problem){0};
    f->context.is_partial = is_partial;
    enum err err = record_from_json(&f->context, record, str_from(refusal->text), &out, NULL);
    f->context.is_partial = false;
    if (err != E_INVALID || f->problem.err != E_INVALID) {
        fail_msg("%s was not refused", refusal->text);
    }
    if (strcmp(f->problem.field, refusal->field) != 0 ||
        strstr(f->problem.message, refusal->message) == NULL) {
        fail_msg("%s: <%s> <%s>", refusal->text, f->problem.field, f->problem.message);
    }
}

static void test_reads_every_type(void **state)
{
    struct fixture *f = *state;
    char id[ID_TEXT_MAX];
    char text[1024];
    struct presence given;
    id_format(id_key, (struct id){77}, id);
    snprintf(text, sizeof text,
             " {\"name\":\"Ana \\u00e9\\n\",\"phone\":\"+14155550101\",\"age\":150,"
             "\"score\":-9223372036854775808,\"active\":false,"
             "\"seenAt\":\"2026-01-05T14:30:00.123999+05:30\",\"colour\":\"DARK_BLUE\","
             "\"managerId\":\"%s\",\"quietHours\":{\"end\":\"07:30\",\"start\":\"21:00\"},"
             "\"guests\":[{\"name\":\"Bo\"},{\"name\":\"Cy\",\"comesAt\":\"2026-01-05T09:00:00Z\","
             "\"colour\":\"RED\"}],\"badge\":{\"code\":9},\"secret\":\"\"}\r\n",
             id);
    struct person p = read_person(f, text, &given);
    assert_str(p.name, "Ana é\n");
    assert_str(p.phone, "+14155550101");
    assert_int_equal(p.age, 150);
    assert_true(p.score == INT64_MIN);
    assert_false(p.is_active);
    assert_true(p.seen_at.us == 1767603600123000);
    assert_int_equal(p.colour, colour_DARK_BLUE);
    assert_int_equal(p.manager_id.value, 77);
    assert_str(p.quiet_start, "21:00");
    assert_str(p.quiet_end, "07:30");
    assert_int_equal(p.guests.count, 2);
    const struct guest *second = list_item(&p.guests, &guest_record, 1);
    assert_str(second->name, "Cy");
    assert_true(second->comes_at.us == 1767603600000000);
    assert_int_equal(second->colour, colour_RED);
    assert_int_equal(((const struct badge *)p.badge)->code, 9);
    assert_true(str_is_set(p.secret) && p.secret.len == 0);
    assert_false(str_is_set(p.notes));
    assert_true(presence_has(given, record_field_index(&person_record, "quiet_end")));
    assert_false(presence_has(given, record_field_index(&person_record, "id")));
}

static void test_applies_defaults(void **state)
{
    struct fixture *f = *state;
    struct presence given;
    struct person p =
        read_person(f, "{\"name\":\"A\",\"quietHours\":{\"start\":\"23:15\"}}", &given);
    assert_true(p.is_active);
    assert_str(p.quiet_start, "23:15");
    assert_str(p.quiet_end, "08:00");
    assert_false(presence_has(given, record_field_index(&person_record, "quiet_end")));
    assert_false(presence_has(given, record_field_index(&person_record, "is_active")));
    p = read_person(f, "{\"name\":\"A\",\"quietHours\":{}}", &given);
    assert_str(p.quiet_start, "22:00");
    p = read_person(f, "{\"name\":\"A\"}", &given);
    assert_false(str_is_set(p.quiet_start));
    assert_true(given.bits == (uint64_t)1 << record_field_index(&person_record, "name"));
}

static void test_partial(void **state)
{
    struct fixture *f = *state;
    struct person p;
    struct presence given;
    f->context.is_partial = true;
    assert_int_equal(record_from_json(&f->context, &person_record, STR("{}"), &p, &given), OK);
    assert_true(given.bits == 0);
    assert_false(p.is_active);
    assert_int_equal(record_from_json(&f->context, &person_record,
                                      STR("{\"age\":null,\"quietHours\":{\"end\":\"07:00\"}}"), &p,
                                      &given),
                     OK);
    assert_true(presence_has(given, record_field_index(&person_record, "age")));
    assert_true(presence_has(given, record_field_index(&person_record, "quiet_end")));
    assert_false(presence_has(given, record_field_index(&person_record, "quiet_start")));
    assert_str(p.quiet_start, "22:00");
    /* What is nested by list or pointer is replaced as a whole, so its required members are
     * required. */
    check_refusal(f, &person_record, true,
                  &(struct refusal){"{\"guests\":[{}]}", "guests[0].name", "is required"});
    check_refusal(f, &person_record, true,
                  &(struct refusal){"{\"name\":\"\"}", "name", "must not be empty"});
}

static struct person patched(struct fixture *f, const char *text, struct person person)
{
    struct person change;
    struct presence given;
    f->context.is_partial = true;
    enum err err = record_from_json(&f->context, &person_record, str_from(text), &change, &given);
    if (err != OK) {
        fail_msg("%s: %s", text, f->problem.message);
    }
    record_merge(&person_record, given, &change, &person);
    return person;
}

static void test_merge(void **state)
{
    struct fixture *f = *state;
    struct person stored = {.name = STR("A"), .age = 40, .is_active = true};
    static const char start_only[] = "{\"quietHours\":{\"start\":\"21:00\"}}";
    /* Without a value of its own the person gets the fallback; one that is stored stays. */
    struct person p = patched(f, start_only, stored);
    assert_str(p.quiet_start, "21:00");
    assert_str(p.quiet_end, "08:00");
    assert_str(p.name, "A");
    assert_int_equal(p.age, 40);
    assert_true(p.is_active);
    stored.quiet_start = STR("23:00");
    stored.quiet_end = STR("06:30");
    p = patched(f, start_only, stored);
    assert_str(p.quiet_start, "21:00");
    assert_str(p.quiet_end, "06:30");
    p = patched(f, "{\"quietHours\":{}}", stored);
    assert_str(p.quiet_start, "23:00");
    p = patched(f, "{\"quietHours\":null,\"active\":false}", stored);
    assert_false(str_is_set(p.quiet_start));
    assert_false(str_is_set(p.quiet_end));
    assert_false(p.is_active);
    p = patched(f, "{\"quietHours\":{\"end\":null}}", stored);
    assert_str(p.quiet_start, "23:00");
    assert_false(str_is_set(p.quiet_end));
    p = patched(f, "{\"name\":\"B\"}", stored);
    assert_str(p.name, "B");
    assert_str(p.quiet_end, "06:30");
}

static void test_null_makes_absent(void **state)
{
    struct fixture *f = *state;
    struct presence given;
    struct person p = read_person(f,
                                  "{\"name\":\"A\",\"phone\":null,\"age\":null,\"active\":null,"
                                  "\"seenAt\":null,\"colour\":null,\"managerId\":null,"
                                  "\"quietHours\":null,\"guests\":null,\"badge\":null}",
                                  &given);
    assert_false(str_is_set(p.phone));
    assert_false(p.is_active);
    assert_false(instant_is_set(p.seen_at));
    assert_int_equal(p.colour, 0);
    assert_false(str_is_set(p.quiet_start));
    assert_int_equal(p.guests.count, 0);
    assert_null(p.badge);
    assert_true(presence_has(given, record_field_index(&person_record, "quiet_start")));
    assert_true(presence_has(given, record_field_index(&person_record, "quiet_end")));
    assert_true(presence_has(given, record_field_index(&person_record, "badge")));
    p = read_person(f, "{\"name\":\"A\",\"quietHours\":{\"start\":null,\"end\":null}}", &given);
    assert_false(str_is_set(p.quiet_start));
}

static void test_required_nested_object(void **state)
{
    struct fixture *f = *state;
    static const struct refusal refusals[] = {
        {"{}", "contact.name", "contact.name is required; it must be a string"},
        {"{\"contact\":{}}", "contact.name", "is required"},
        {"{\"contact\":null}", "contact", "must be an object, not null"},
        {"{\"contact\":[]}", "contact", "must be an object, not an array"},
        {"{\"contact.name\":\"A\"}", "contact.name", "is not known here"},
        {"{\"contact\":{\"name\":\"A\",\"name.x\":1}}", "contact.name.x", "is not known here"},
        {"{\"contact\":{\"name\":\"A\",\"flor\":1}}", "contact.flor", "did you mean \"floor\"?"},
        {"{\"contact\":{\"name\":{}}}", "contact.name", "must be a string, not an object"},
        {"{\"contact\":{\"name\":\"A\",\"floor\":100}}", "contact.floor", "from 0 to 99, not 100"},
        {"{\"contact\":{\"name\":\"A\"},\"billing\":{\"note\":\"x\"}}", "billing.name", "required"},
        {"{\"contact\":{\"name\":\"A\"},\"groupId\":\"x\"}", "groupId", "belongs into the path"},
        {"{\"contact\":{\"name\":\"A\"},\"limit\":1}", "limit", "belongs into the query string"},
        {"{\"contakt\":{\"name\":\"A\"}}", "contakt", "did you mean \"contact\"?"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(refusals); i++) {
        check_refusal(f, &order_record, false, &refusals[i]);
    }
    struct order order;
    assert_int_equal(record_from_json(&f->context, &order_record,
                                      STR("{\"contact\":{\"name\":\"A\"},\"billing\":null}"),
                                      &order, NULL),
                     OK);
    assert_int_equal(
        record_from_json(
            &f->context, &order_record,
            STR("{\"billing\":{\"name\":null},\"contact\":{\"floor\":3,\"name\":\"B\"}}"), &order,
            NULL),
        OK);
    assert_int_equal(order.contact_floor, 3);
}

static void test_refuses_members(void **state)
{
    static const struct refusal refusals[] = {
        {"{}", "name", "name is required; it must be a string"},
        {"{\"name\":null}", "name", "must be a string, not null"},
        {"{\"name\":5}", "name", "must be a string, not a number"},
        {"{\"name\":true}", "name", "not a boolean"},
        {"{\"name\":\"\"}", "name", "must not be empty"},
        {"{\"name\":\"123456789012345678901\"}", "name", "must have at most 20 bytes, not 21"},
        {"{\"name\":\"a\\u0001\"}", "name", "control characters"},
        {"{\"name\":\"a\\r\"}", "name", "control characters"},
        {"{\"name\":\"a\",\"phone\":\"+1\"}", "phone",
         "must be an E.164 number such as +14155550101"},
        {"{\"name\":\"a\",\"phone\":\"14155550101\"}", "phone",
         "E.164 number such as +14155550101"},
        {"{\"name\":\"a\",\"phone\":7}", "phone",
         "E.164 number such as +14155550101, not a number"},
        {"{\"name\":\"a\",\"age\":151}", "age", "must be a whole number from 0 to 150, not 151"},
        {"{\"name\":\"a\",\"age\":-1}", "age", "not -1"},
        {"{\"name\":\"a\",\"age\":1.0}", "age", "must be a whole number, not a number with a frac"},
        {"{\"name\":\"a\",\"age\":1e2}", "age", "must be a whole number"},
        {"{\"name\":\"a\",\"age\":\"5\"}", "age", "must be a whole number, not a string"},
        {"{\"name\":\"a\",\"score\":null}", "score", "must be a whole number, not null"},
        {"{\"name\":\"a\",\"active\":1}", "active", "must be true or false, not a number"},
        {"{\"name\":\"a\",\"active\":\"true\"}", "active", "must be true or false, not a string"},
        {"{\"name\":\"a\",\"seenAt\":5}", "seenAt", "ISO 8601 time with an offset in a string"},
        {"{\"name\":\"a\",\"seenAt\":\"2026-01-05T09:00:00\"}", "seenAt",
         "ISO 8601 time with an off"},
        {"{\"name\":\"a\",\"seenAt\":\"1970-01-01T00:00:00.0004Z\"}", "seenAt", "ISO 8601"},
        {"{\"name\":\"a\",\"colour\":\"red\"}", "colour", "must be one of RED, GREEN, DARK_BLUE"},
        {"{\"name\":\"a\",\"colour\":1}", "colour",
         "must be one of RED, GREEN, DARK_BLUE in a string, not a number"},
        {"{\"name\":\"a\",\"managerId\":\"x\"}", "managerId", "must be an id, which is a UUID"},
        {"{\"name\":\"a\",\"managerId\":7}", "managerId", "must be an id, which is a UUID"},
        {"{\"name\":\"a\",\"quietHours\":7}", "quietHours", "must be an object, not a number"},
        {"{\"name\":\"a\",\"quietHours\":{\"start\":\"24:00\"}}", "quietHours.start",
         "00:00 to 23:59"},
        {"{\"name\":\"a\",\"quietHours\":{\"stop\":1}}", "quietHours.stop", "not known here"},
        {"{\"name\":\"a\",\"guests\":{}}", "guests", "must be an array, not an object"},
        {"{\"name\":\"a\",\"guests\":[1]}", "guests[0]", "must be a JSON object, not a number"},
        {"{\"name\":\"a\",\"guests\":[{\"name\":\"b\"},{\"name\":\"c\",\"comesAt\":\"x\"}]}",
         "guests[1].comesAt", "guests[1].comesAt must be an ISO 8601 time"},
        {"{\"name\":\"a\",\"guests\":[{\"nam\":\"b\"}]}", "guests[0].nam",
         "did you mean \"name\"?"},
        {"{\"name\":\"a\",\"guests\":[{},{},{},{}]}", "guests", "from 0 to 3 items, not 4"},
        {"{\"name\":\"a\",\"badge\":[]}", "badge", "must be a JSON object, not an array"},
        {"{\"name\":\"a\",\"badge\":{}}", "badge.code", "is required"},
        {"{\"name\":\"a\",\"badge\":{\"code\":0}}", "badge.code", "from 1 to 9, not 0"},
        {"{\"name\":\"a\",\"id\":\"x\"}", "id", "is read-only"},
        {"{\"name\":\"a\",\"notes\":\"x\"}", "notes", "notes is not known here"},
        {"{\"name\":\"a\",\"phoneHash\":\"x\"}", "phoneHash", "is not known here"},
        {"{\"naem\":\"a\"}", "naem", "naem is not known here; did you mean \"name\"?"},
        {"{\"seen_at\":\"a\"}", "seen_at", "did you mean \"seenAt\"?"},
        {"{\"\":1}", "\"\"", "\"\" is not known here"},
        {"{\"somethingElse\":1}", "somethingElse", "somethingElse is not known here"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(refusals); i++) {
        check_refusal(*state, &person_record, false, &refusals[i]);
    }
}

/* A record of one field without a name is its value in a list. */
static void test_bare_items(void **state)
{
    static const struct refusal refusals[] = {
        {"{\"tags\":[{\"number\":1}]}", "tags[0]", "must be a whole number, not an object"},
        {"{\"tags\":[1,\"2\"]}", "tags[1]", "must be a whole number, not a string"},
        {"{\"tags\":[1,10]}", "tags[1]", "from 1 to 9, not 10"},
        {"{\"tags\":[null]}", "tags[0]", "not null"},
        {"{\"tags\":[1,2,3,4]}", "tags", "from 0 to 3 items, not 4"},
        {"{\"tags\":1}", "tags", "must be an array"},
    };
    struct fixture *f = *state;
    struct crate crate = {0};
    struct buf out = {.arena = f->arena};
    assert_int_equal(
        record_from_json(&f->context, &crate_record, STR("{\"tags\":[3,1,9]}"), &crate, NULL), OK);
    assert_int_equal(crate.tags.count, 3);
    assert_int_equal(((const struct tag *)crate.tags.items)[2].number, 9);
    record_to_json(&f->context, &out, &crate_record, &crate);
    assert_str(buf_str(&out), "{\"tags\":[3,1,9]}");
    for (size_t i = 0; i < ARRAY_LENGTH(refusals); i++) {
        check_refusal(*state, &crate_record, false, &refusals[i]);
    }
}

static void test_refuses_documents(void **state)
{
    static const struct refusal refusals[] = {
        {"", "", "The body is empty"},
        {" \n", "", "The body is empty"},
        {"[]", "", "The body must be a JSON object, not an array"},
        {"null", "", "not null"},
        {"\"x\"", "", "not a string"},
        {"{\"name\":\"a\"", "", "is not valid JSON"},
        {"{\"name\":\"a\",}", "", "is not valid JSON"},
        {"{'name':1}", "", "is not valid JSON"},
        {"{\"name\":NaN}", "", "is not valid JSON"},
        {"{\"age\":01}", "", "is not valid JSON"},
        {"{\"name\":\"a\"} x", "", "something follows the end of the value (line 1, column "},
        {"{\"name\":\"a\"}{}", "", "something follows the end of the value"},
        {"{\"name\":\"a\",\n\"name\":\"b\"}", "", "duplicate object key near '\"name\"' (line 2, "},
        {"{\"name\":\"a\",\"na\\u006de\":\"b\"}", "", "duplicate object key"},
        {"{\"quietHours\":{\"end\":null,\"end\":null}}", "", "duplicate object key"},
        {"{\"name\":\"\xff\"}", "", "not well-formed UTF-8"},
        {"{\"name\":\"\xed\xa0\x80\"}", "", "not well-formed UTF-8"},
        {"{\"name\":\"\xc0\xaf\"}", "", "not well-formed UTF-8"},
        {"{\"name\":\"\\ud800\"}", "", "is not valid JSON"},
        {"{\"name\":\"a\\u0000\"}", "", "must not contain NUL"},
        {"{\"a\\u0000b\":1}", "", "must not contain NUL"},
        {"{\"age\":99999999999999999999}", "", "a number is too large"},
        {"{\"age\":1e999}", "", "a number is too large"},
        {"{\"name\":\"\\u0\xce\x9a\"}", "", "it has a syntax error (line 1, column "},
        {"\xef\xbb\xbf{}", "", "is not valid JSON"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(refusals); i++) {
        check_refusal(*state, &person_record, false, &refusals[i]);
    }
    struct fixture *f = *state;
    struct person p;
    assert_int_equal(
        record_from_json(&f->context, &person_record, STR("{\"name\":\"a\"}\0"), &p, NULL),
        E_INVALID);
    assert_int_equal(record_from_json(&f->context, &person_record, STR_NONE, &p, NULL), E_INVALID);
    f->context.problem = NULL;
    assert_int_equal(record_from_json(&f->context, &person_record, STR("{\"x\":1}"), &p, NULL),
                     E_INVALID);
    f->context.is_partial = true;
    assert_int_equal(
        record_from_json(&f->context, &person_record, STR("{\"colour\":\"x\"}"), &p, NULL),
        E_INVALID);
}

static void test_depth(void **state)
{
    char text[128] = {0};
    /* 32 levels are read, and refused for another reason; brackets in strings do not count. */
    memset(text, '[', 32);
    memset(text + 32, ']', 32);
    check_refusal(*state, &person_record, false,
                  &(struct refusal){text, "", "must be a JSON object, not an array"});
    memset(text, '[', 33);
    memset(text + 33, ']', 33);
    check_refusal(*state, &person_record, false,
                  &(struct refusal){text, "", "must not be nested more than 32 levels"});
    struct person p = read_person(
        *state, "{\"name\":\"a\",\"secret\":\"\\\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"}",
        NULL);
    assert_int_equal(p.secret.len, 42);
}

static void test_long_and_odd_names(void **state)
{
    struct fixture *f = *state;
    char text[256];
    struct person p;
    snprintf(text, sizeof text, "{\"%062d\xc3\xa9\":1}", 0);
    assert_int_equal(record_from_json(&f->context, &person_record, str_from(text), &p, NULL),
                     E_INVALID);
    assert_true(str_is_utf8(str_from(f->problem.field)));
    assert_int_equal(strlen(f->problem.field), 62);
}

static void test_text_line_ends(void **state)
{
    struct person p = read_person(*state, "{\"name\":\"a\\tb\\r\\nc\\nd\"}", NULL);
    assert_str(p.name, "a\tb\r\nc\nd");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_reads_every_type, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_applies_defaults, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_partial, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_merge, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_null_makes_absent, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_required_nested_object, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refuses_members, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bare_items, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refuses_documents, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_depth, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_long_and_odd_names, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_text_line_ends, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
