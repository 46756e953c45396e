#include "pull_fixture.h"

#define MULTI(inside)                                                                              \
    "<?xml version=\"1.0\"?><multistatus xmlns=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\"" \
    " xmlns:CS=\"http://calendarserver.org/ns/\">" inside "</multistatus>"
#define FOUND(href, props)                                  \
    "<response><href>" href "</href><propstat><prop>" props \
    "</prop><status>HTTP/1.1 200 OK</status></propstat></response>"
#define GONE(href) \
    "<response><href>" href "</href><status>HTTP/1.1 404 Not Found</status></response>"
#define ETAG(tag) "<getetag>\"" tag "\"</getetag>"
#define CALENDAR "<resourcetype><collection/><C:calendar/></resourcetype>"
#define TOKEN(token) "<sync-token>" token "</sync-token>"
#define DATA(uid) "<C:calendar-data>" ICS(uid) "</C:calendar-data>"
#define CAN_SYNC                                                                  \
    "<supported-report-set><supported-report><report><sync-collection/></report>" \
    "</supported-report></supported-report-set>"

static const char COLLECTION[] = "https://dav.example.org/alice/office/";

static void test_collection_given_directly_is_synchronised_at_once(void **state)
{
    struct script script = begin(state, PULL_CALDAV, COLLECTION);
    start(&script);
    assert_text(script.request.http.method, "PROPFIND");
    assert_text(header(&script, "Depth"), "0");
    assert_int_equal(answer(&script, 207,
                            MULTI(FOUND("/alice/office/", CALENDAR TOKEN("t1") CAN_SYNC
                                        "<CS:getctag>c1</CS:getctag>"))),
                     PULL_ASKING);
    assert_text(script.request.http.method, "REPORT");
    assert_text(script.request.http.url, COLLECTION);
    assert_contains(script.request.http.body, "<d:sync-token></d:sync-token>");
    assert_int_equal(answer(&script, 207,
                            MULTI(FOUND("/alice/office/a.ics", ETAG("1"))
                                      FOUND("/alice/office/b%20c.ics", ETAG("2")) TOKEN("t2"))),
                     PULL_ASKING);
    assert_contains(script.request.http.body, "calendar-multiget");
    assert_contains(script.request.http.body, "<d:href>/alice/office/a.ics</d:href>");
    assert_int_equal(
        answer(&script, 207,
               MULTI(FOUND("/alice/office/a.ics", ETAG("1") DATA("a")) FOUND(
                   "https://dav.example.org/alice/office/b c.ics", ETAG("2") DATA("b")))),
        PULL_CHANGED);
    assert_int_equal(script.result.changed_count, 2);
    assert_text(script.result.changed[0].href, "/alice/office/a.ics");
    assert_text(script.result.changed[0].etag, "\"1\"");
    assert_contains(script.result.changed[0].body, "UID:a");
    assert_text(script.result.memory.sync_token, "t2");
    assert_text(script.result.memory.ctag, "c1");
    assert_text(script.result.memory.collection_url, COLLECTION);
}

static struct script remembering(void **state, const struct pull_resource *known, size_t count)
{
    struct script script = begin(state, PULL_CALDAV, "https://dav.example.org/");
    script.source.memory = (struct pull_memory){
        .sync_token = STR("t1"), .ctag = STR("c1"), .collection_url = str_from(COLLECTION)};
    script.source.known = known;
    script.source.known_count = count;
    start(&script);
    assert_text(script.request.http.url, COLLECTION);
    return script;
}

static void test_equal_token_or_ctag_ends_at_once(void **state)
{
    struct script script = remembering(state, NULL, 0);
    assert_int_equal(
        answer(&script, 207, MULTI(FOUND("/alice/office/", CALENDAR TOKEN("t1") CAN_SYNC))),
        PULL_UNCHANGED);
    assert_text(script.result.memory.sync_token, "t1");
    script = remembering(state, NULL, 0);
    assert_int_equal(answer(&script, 207,
                            MULTI(FOUND("/alice/office/", CALENDAR "<CS:getctag>c1</CS:getctag>"))),
                     PULL_UNCHANGED);
}

static const struct pull_resource KNOWN[] = {
    {.href = STR_INIT("/alice/office/a.ics"), .etag = STR_INIT("\"1\"")},
    {.href = STR_INIT("/alice/office/b%20c.ics"), .etag = STR_INIT("\"2\"")},
    {.href = STR_INIT("/alice/office/d.ics"), .etag = STR_INIT("\"3\"")},
};

static void test_sync_reports_only_what_changed(void **state)
{
    struct script script = remembering(state, KNOWN, 3);
    assert_int_equal(
        answer(&script, 207, MULTI(FOUND("/alice/office/", CALENDAR TOKEN("t2") CAN_SYNC))),
        PULL_ASKING);
    assert_contains(script.request.http.body, "<d:sync-token>t1</d:sync-token>");
    assert_int_equal(
        answer(&script, 207,
               MULTI(FOUND("/alice/office/a.ics", ETAG("1b")) GONE("/alice/office/d.ics")
                         FOUND("/alice/office/b c.ics", ETAG("2")) TOKEN("t2"))),
        PULL_ASKING);
    assert_false(str_contains(script.request.http.body, STR("b c.ics")));
    assert_int_equal(
        answer(&script, 207, MULTI(FOUND("/alice/office/a.ics", ETAG("1b") DATA("a")))),
        PULL_CHANGED);
    assert_int_equal(script.result.changed_count, 1);
    assert_int_equal(script.result.removed_count, 1);
    assert_text(script.result.removed[0], "/alice/office/d.ics");
}

static void test_any_refused_token_means_a_full_resync(void **state)
{
    static const int statuses[] = {400, 403, 409, 410, 412, 500, 501, 507};
    for (size_t i = 0; i < ARRAY_LENGTH(statuses); i++) {
        struct script script = remembering(state, KNOWN, 3);
        (void)answer(&script, 207, MULTI(FOUND("/alice/office/", CALENDAR TOKEN("t9") CAN_SYNC)));
        assert_int_equal(
            answer(&script, statuses[i], "<error xmlns=\"DAV:\"><valid-sync-token/></error>"),
            PULL_ASKING);
        assert_contains(script.request.http.body, "<d:sync-token></d:sync-token>");
        assert_int_equal(answer(&script, 207,
                                MULTI(FOUND("/alice/office/a.ics", ETAG("1"))
                                          FOUND("/alice/office/b%20c.ics", ETAG("2")) TOKEN("t9"))),
                         PULL_CHANGED);
        assert_int_equal(script.result.changed_count, 0);
        assert_int_equal(script.result.removed_count, 1);
        assert_text(script.result.removed[0], "/alice/office/d.ics");
        assert_text(script.result.memory.sync_token, "t9");
    }
}

static void test_a_sync_that_never_works_becomes_a_plain_list(void **state)
{
    struct script script = remembering(state, KNOWN, 3);
    (void)answer(&script, 207, MULTI(FOUND("/alice/office/", CALENDAR TOKEN("t9") CAN_SYNC)));
    (void)answer(&script, 403, "");
    assert_int_equal(answer(&script, 500, ""), PULL_ASKING);
    assert_text(script.request.http.method, "PROPFIND");
    assert_text(header(&script, "Depth"), "1");
    assert_int_equal(
        answer(&script, 207,
               MULTI(FOUND("/alice/office/", CALENDAR) FOUND("/alice/office/a.ics", ETAG("1"))
                         FOUND("/alice/office/b%20c.ics", ETAG("2"))
                             FOUND("/alice/office/d.ics", ETAG("3")))),
        PULL_UNCHANGED);
    assert_false(str_is_set(script.result.memory.sync_token));
}

static void test_overload_and_denial_do_not_resync(void **state)
{
    static const int statuses[] = {401, 429, 503};
    for (size_t i = 0; i < ARRAY_LENGTH(statuses); i++) {
        struct script script = remembering(state, KNOWN, 3);
        (void)answer(&script, 207, MULTI(FOUND("/alice/office/", CALENDAR TOKEN("t9") CAN_SYNC)));
        assert_int_equal(answer(&script, statuses[i], ""), PULL_FAILED);
        assert_int_equal(script.result.removed_count, 0);
    }
}

static void test_truncated_sync_goes_on(void **state)
{
    struct script script = remembering(state, NULL, 0);
    (void)answer(&script, 207, MULTI(FOUND("/alice/office/", CALENDAR TOKEN("t9") CAN_SYNC)));
    assert_int_equal(answer(&script, 207,
                            MULTI(FOUND("/alice/office/a.ics",
                                        ETAG("1")) "<response><href>/alice/office</href>"
                                                   "<status>HTTP/1.1 507 Insufficient "
                                                   "Storage</status></response>" TOKEN("t5"))),
                     PULL_ASKING);
    assert_contains(script.request.http.body, "<d:sync-token>t5</d:sync-token>");
    assert_int_equal(
        answer(&script, 207, MULTI(FOUND("/alice/office/b.ics", ETAG("1")) TOKEN("t9"))),
        PULL_ASKING);
    assert_contains(script.request.http.body, "a.ics");
    assert_contains(script.request.http.body, "b.ics");
}

static void test_plain_etags_for_servers_without_sync(void **state)
{
    struct script script = begin(state, PULL_CALDAV, COLLECTION);
    script.source.known = KNOWN;
    script.source.known_count = 3;
    start(&script);
    assert_int_equal(answer(&script, 207, MULTI(FOUND("/alice/office/", CALENDAR))), PULL_ASKING);
    assert_text(script.request.http.method, "PROPFIND");
    assert_int_equal(
        answer(&script, 207,
               MULTI(FOUND("/alice/office/", CALENDAR) FOUND("/alice/office/a.ics", ETAG("1"))
                         FOUND("/alice/office/b%20c.ics", ETAG("9"))
                             FOUND("/alice/office/new.ics", ETAG("4")))),
        PULL_ASKING);
    assert_int_equal(answer(&script, 207,
                            MULTI(FOUND("/alice/office/b%20c.ics", ETAG("9") DATA("b"))
                                      GONE("/alice/office/new.ics"))),
                     PULL_CHANGED);
    assert_int_equal(script.result.changed_count, 1);
    assert_text(script.result.changed[0].href, "/alice/office/b%20c.ics");
    assert_int_equal(script.result.removed_count, 1);
    assert_text(script.result.removed[0], "/alice/office/d.ics");
}

static void test_a_list_cut_short_removes_nothing(void **state)
{
    struct script script = begin(state, PULL_CALDAV, COLLECTION);
    script.source.known = KNOWN;
    script.source.known_count = 3;
    start(&script);
    (void)answer(&script, 207,
                 MULTI(FOUND("/alice/office/", CALENDAR "<CS:getctag>c</CS:getctag>")));
    assert_int_equal(answer(&script, 207,
                            MULTI(FOUND("/alice/office/a.ics",
                                        ETAG("1")) "<response><href>/alice/office/</href>"
                                                   "<status>HTTP/1.1 507 No</status></response>")),
                     PULL_UNCHANGED);
    assert_int_equal(script.result.removed_count, 0);
    assert_false(str_is_set(script.result.memory.ctag));
}

static size_t count_of(struct str text, struct str part)
{
    size_t count = 0;
    for (size_t at = str_find(text, part); at < text.len; at = str_find(text, part)) {
        text = str_slice(text, at + part.len, text.len);
        count++;
    }
    return count;
}

static void list_of(struct buf *out, size_t from, size_t to, bool with_data)
{
    for (size_t i = from; i < to; i++) {
        buf_printf(out,
                   "<response><href>/alice/office/%03zu.ics</href><propstat><prop>"
                   "<getetag>\"%zu\"</getetag>%s</prop><status>HTTP/1.1 200 OK</status></propstat>"
                   "</response>",
                   i, i, with_data ? DATA("x") : "");
    }
}

static enum pull_state answer_list(struct script *script, size_t from, size_t to, bool with_data)
{
    struct buf body = {.arena = script->arena};
    buf_add_text(&body, "<multistatus xmlns=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\">");
    list_of(&body, from, to, with_data);
    buf_add_text(&body, TOKEN("t") "</multistatus>");
    return answer_with(
        script,
        (struct wire_answer){.outcome = WIRE_ANSWERED, .status = 207, .body = buf_str(&body)});
}

static void test_bodies_come_in_batches_of_fifty(void **state)
{
    struct script script = begin(state, PULL_CALDAV, COLLECTION);
    start(&script);
    (void)answer(&script, 207, MULTI(FOUND("/alice/office/", CALENDAR CAN_SYNC)));
    assert_int_equal(answer_list(&script, 0, 120, false), PULL_ASKING);
    assert_int_equal(count_of(script.request.http.body, STR("<d:href>")), 50);
    assert_int_equal(answer_list(&script, 0, 50, true), PULL_ASKING);
    assert_int_equal(count_of(script.request.http.body, STR("<d:href>")), 50);
    assert_int_equal(answer_list(&script, 50, 100, true), PULL_ASKING);
    assert_int_equal(count_of(script.request.http.body, STR("<d:href>")), 20);
    assert_int_equal(answer_list(&script, 100, 120, true), PULL_CHANGED);
    assert_int_equal(script.result.changed_count, 120);
}

static void test_what_was_not_delivered_is_asked_again_next_time(void **state)
{
    struct script script = begin(state, PULL_CALDAV, COLLECTION);
    start(&script);
    (void)answer(&script, 207, MULTI(FOUND("/alice/office/", CALENDAR CAN_SYNC)));
    (void)answer_list(&script, 0, 3, false);
    assert_int_equal(answer_list(&script, 0, 2, true), PULL_CHANGED);
    assert_int_equal(script.result.changed_count, 2);
    assert_false(str_is_set(script.result.memory.sync_token));
    assert_text(script.result.memory.collection_url, COLLECTION);
}

static void test_one_resource_that_breaks_the_answer_is_left_out(void **state)
{
    struct script script = begin(state, PULL_CALDAV, COLLECTION);
    start(&script);
    (void)answer(&script, 207, MULTI(FOUND("/alice/office/", CALENDAR CAN_SYNC)));
    (void)answer_list(&script, 0, 2, false);
    assert_int_equal(answer_with(&script, (struct wire_answer){.outcome = WIRE_TOO_LARGE}),
                     PULL_ASKING);
    assert_int_equal(count_of(script.request.http.body, STR("<d:href>")), 1);
    assert_int_equal(answer(&script, 207, "<multistatus xmlns=\"DAV:\">\x01"), PULL_ASKING);
    assert_contains(script.request.http.body, "001.ics");
    assert_int_equal(answer_list(&script, 1, 2, true), PULL_CHANGED);
    assert_int_equal(script.result.changed_count, 1);
    assert_false(str_is_set(script.result.memory.sync_token));
}

#define TEN_OF(text) text text text text text text text text text text
#define LONG_HREF "/alice/office/" TEN_OF(TEN_OF("0123456789")) ".ics"

/* No engine could keep it; the others are not to suffer from it. */
static void test_an_address_that_is_too_long_is_left_out(void **state)
{
    struct script script = remembering(state, KNOWN, 3);
    (void)answer(&script, 207, MULTI(FOUND("/alice/office/", CALENDAR TOKEN("t2") CAN_SYNC)));
    assert_int_equal(answer(&script, 207,
                            MULTI(FOUND(LONG_HREF, ETAG("9"))
                                      FOUND("/alice/office/e.ics", ETAG("5")) TOKEN("t2"))),
                     PULL_ASKING);
    assert_false(str_contains(script.request.http.body, STR("0123456789")));
    assert_int_equal(answer(&script, 207, MULTI(FOUND("/alice/office/e.ics", ETAG("5") DATA("e")))),
                     PULL_CHANGED);
    assert_int_equal(script.result.changed_count, 1);
    assert_int_equal(script.result.left_out, 1);
    assert_text(script.result.memory.sync_token, "t2");
}

static void test_discovery_from_the_root(void **state)
{
    struct script script = begin(state, PULL_CALDAV, "https://example.org");
    start(&script);
    assert_int_equal(answer(&script, 405, "no"), PULL_ASKING);
    assert_text(script.request.http.url, "https://example.org/.well-known/caldav");
    /* The redirect was followed by net/, without the body of the request: it is asked again at its
     * end. */
    struct wire_answer redirected = {
        .outcome = WIRE_ANSWERED, .status = 401, .final_url = STR("https://dav.example.org/dav/")};
    assert_int_equal(answer_with(&script, redirected), PULL_ASKING);
    assert_text(script.request.http.url, "https://dav.example.org/dav/");
    assert_contains(script.request.http.body, "current-user-principal");
    assert_int_equal(answer(&script, 207,
                            MULTI(FOUND("/dav/", "<resourcetype><collection/></resourcetype>"
                                                 "<current-user-principal><href>/p/alice/</href>"
                                                 "</current-user-principal>"))),
                     PULL_ASKING);
    assert_text(script.request.http.url, "https://dav.example.org/p/alice/");
    assert_int_equal(answer(&script, 207,
                            MULTI(FOUND("/p/alice/", "<C:calendar-home-set><href>/cal/alice/</href>"
                                                     "</C:calendar-home-set>"))),
                     PULL_ASKING);
    assert_text(script.request.http.url, "https://dav.example.org/cal/alice/");
    assert_text(header(&script, "Depth"), "1");
    assert_int_equal(answer(&script, 207,
                            MULTI(FOUND("/cal/alice/", "<resourcetype><collection/></resourcetype>")
                                      FOUND("/cal/alice/tasks/", CALENDAR
                                            "<C:supported-calendar-component-set><C:comp "
                                            "name=\"VTODO\"/></C:supported-calendar-component-set>")
                                          FOUND("/cal/alice/office/", CALENDAR CAN_SYNC))),
                     PULL_ASKING);
    assert_text(script.request.http.url, "https://dav.example.org/cal/alice/office/");
    assert_text(script.request.http.method, "REPORT");
}

static void test_several_calendars_are_named_not_guessed(void **state)
{
    struct script script = begin(state, PULL_CALDAV, "https://dav.example.org/alice/");
    start(&script);
    (void)answer(&script, 207,
                 MULTI(FOUND("/alice/", "<C:calendar-home-set><href>/alice/</href>"
                                        "</C:calendar-home-set>")));
    assert_int_equal(
        answer(&script, 207,
               MULTI(FOUND("/alice/office/", CALENDAR) FOUND("/alice/home/", CALENDAR))),
        PULL_FAILED);
    assert_contains(script.result.reason, "https://dav.example.org/alice/office/");
    assert_contains(script.result.reason, "https://dav.example.org/alice/home/");
}

static void test_a_password_never_leaves_tls(void **state)
{
    struct script script = begin(state, PULL_CALDAV, "https://dav.example.org/alice/");
    start(&script);
    assert_int_equal(
        answer(&script, 207,
               MULTI(FOUND("/alice/", "<C:calendar-home-set><href>http://dav.example.org/alice/"
                                      "</href></C:calendar-home-set>"))),
        PULL_FAILED);
    assert_contains(script.result.reason, "TLS");
}

static void test_a_remembered_collection_that_is_gone_is_looked_for_again(void **state)
{
    struct script script = remembering(state, KNOWN, 3);
    assert_int_equal(answer(&script, 404, ""), PULL_ASKING);
    assert_text(script.request.http.url, "https://dav.example.org/");
    assert_int_equal(answer(&script, 401, ""), PULL_FAILED);
    assert_true(script.result.is_denied);
}

static void test_a_missing_collection_is_not_replaced_by_another(void **state)
{
    struct script script = begin(state, PULL_CALDAV, COLLECTION);
    start(&script);
    assert_int_equal(answer(&script, 404, ""), PULL_FAILED);
    assert_true(script.result.is_missing);
}

static void test_endless_ways_end(void **state)
{
    struct script script = begin(state, PULL_CALDAV, "https://dav.example.org/");
    start(&script);
    char page[512];
    enum pull_state reached = PULL_ASKING;
    for (int i = 0; i < 20 && reached == PULL_ASKING; i++) {
        snprintf(page, sizeof page,
                 MULTI(FOUND("/", "<current-user-principal><href>/p%d/</href>"
                                  "</current-user-principal>")),
                 i);
        reached = answer(&script, 207, page);
    }
    assert_int_equal(reached, PULL_FAILED);
}

static void test_answers_that_are_no_multistatus(void **state)
{
    static const char *const bodies[] = {
        "",
        "not xml",
        "<a/>",
        "<?xml version=\"1.0\"?><!DOCTYPE m [<!ENTITY a \"b\">]><multistatus xmlns=\"DAV:\">&a;"
        "</multistatus>",
        "<multistatus/>",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(bodies); i++) {
        struct script script = begin(state, PULL_CALDAV, COLLECTION);
        start(&script);
        assert_int_equal(answer(&script, 207, bodies[i]), PULL_FAILED);
        assert_true(script.result.reason.len > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, fixture_reset)
        TEST(test_collection_given_directly_is_synchronised_at_once),
        TEST(test_equal_token_or_ctag_ends_at_once),
        TEST(test_sync_reports_only_what_changed),
        TEST(test_any_refused_token_means_a_full_resync),
        TEST(test_a_sync_that_never_works_becomes_a_plain_list),
        TEST(test_overload_and_denial_do_not_resync),
        TEST(test_truncated_sync_goes_on),
        TEST(test_plain_etags_for_servers_without_sync),
        TEST(test_a_list_cut_short_removes_nothing),
        TEST(test_bodies_come_in_batches_of_fifty),
        TEST(test_what_was_not_delivered_is_asked_again_next_time),
        TEST(test_one_resource_that_breaks_the_answer_is_left_out),
        TEST(test_an_address_that_is_too_long_is_left_out),
        TEST(test_discovery_from_the_root),
        TEST(test_several_calendars_are_named_not_guessed),
        TEST(test_a_password_never_leaves_tls),
        TEST(test_a_remembered_collection_that_is_gone_is_looked_for_again),
        TEST(test_a_missing_collection_is_not_replaced_by_another),
        TEST(test_endless_ways_end),
        TEST(test_answers_that_are_no_multistatus),
#undef TEST
    };
    return cmocka_run_group_tests(tests, fixture_open, fixture_close);
}
