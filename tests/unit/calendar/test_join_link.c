#include "fixture.h"

#include "calendar/join_link.h"

static void assert_link(void **state, struct join_sources sources, const char *expected)
{
    struct fixture *fixture = *state;
    struct str link = join_link_find(fixture->arena, &sources);
    if (expected == NULL) {
        assert_false(str_is_set(link));
    } else {
        assert_text(link, expected);
    }
}

static void test_order_of_sources(void **state)
{
    struct join_sources all = {
        .conferences = {STR("tel:+15551234"), STR("https://conference.example.org/1")},
        .conference_count = 2,
        .google = STR("https://meet.google.com/abc-defg-hij"),
        .teams = STR("https://teams.microsoft.com/l/meetup-join/1"),
        .online_meeting = STR("https://online.example.org/1"),
        .url = STR("https://url.example.org/1"),
        .location = STR("Room 4, https://zoom.us/j/1"),
        .description = STR("https://zoom.us/j/2"),
        .html_description = STR("<a href=\"https://zoom.us/j/3\">"),
    };
    assert_link(state, all, "https://conference.example.org/1");
    all.conference_count = 1;
    assert_link(state, all, "https://meet.google.com/abc-defg-hij");
    all.google = STR_NONE;
    assert_link(state, all, "https://teams.microsoft.com/l/meetup-join/1");
    all.teams = STR_NONE;
    assert_link(state, all, "https://online.example.org/1");
    all.online_meeting = STR("conf:sip:alice@example.org;gruu");
    assert_link(state, all, "https://url.example.org/1");
    all.url = STR_NONE;
    assert_link(state, all, "https://zoom.us/j/1");
    all.location = STR("Room 4");
    assert_link(state, all, "https://zoom.us/j/2");
    all.description = STR("");
    assert_link(state, all, "https://zoom.us/j/3");
    all.html_description = STR_NONE;
    assert_link(state, all, NULL);
}

static void test_a_location_that_is_only_a_link_counts(void **state)
{
    assert_link(state, (struct join_sources){.location = STR(" https://jitsi.example.org/team ")},
                "https://jitsi.example.org/team");
    assert_link(state, (struct join_sources){.location = STR("see https://jitsi.example.org/team")},
                NULL);
}

static void test_only_https_without_user(void **state)
{
    static const char *const bad[] = {"http://url.example.org/1",
                                      "javascript:alert(1)",
                                      "https://zoom.us@evil.example/j/1",
                                      "https://url.example.org/a b",
                                      "https://url.example.org/\"><script>",
                                      "https://",
                                      "tel:+15551234"};
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        assert_link(state, (struct join_sources){.url = str_from(bad[i])}, NULL);
    }
}

static void test_links_in_text(void **state)
{
    static const struct {
        const char *text;
        const char *link;
    } rows[] = {
        {"Join: https://us02web.zoom.us/j/123?pwd=abc.\nBye",
         "https://us02web.zoom.us/j/123?pwd=abc"},
        {"(https://zoom.us/j/1)", "https://zoom.us/j/1"},
        {"<https://zoom.us/j/1>", "https://zoom.us/j/1"},
        {"<a href=\"https://zoom.us/j/1?a=1&amp;b=2\">x</a>", "https://zoom.us/j/1?a=1&b=2"},
        {"&lt;https://zoom.us/j/1&gt;", "https://zoom.us/j/1"},
        {"HTTPS://Zoom.US/j/1", "HTTPS://Zoom.US/j/1"},
        {"https://zoom.us/j/1\xC2\xA0next", "https://zoom.us/j/1"},
        {"https://example.org/x then https://acme.webex.com/acme/j.php?MTID=m1,",
         "https://acme.webex.com/acme/j.php?MTID=m1"},
        {"https://acme.webex.com/meet/alice", "https://acme.webex.com/meet/alice"},
        {"https://teams.live.com/meet/9312", "https://teams.live.com/meet/9312"},
        {"Options: https://teams.microsoft.com/meetingOptions/?x=1", NULL},
        {"https://support.zoom.us/hc/en-us", NULL},
        {"https://zoom.us/j/", NULL},
        {"https://meet.google.com/", NULL},
        {"https://evilzoom.us/j/1", NULL},
        {"https://zoom.us.evil.example/j/1", NULL},
        {"https://zoom.us@evil.example/j/1", NULL},
        {"http://zoom.us/j/1", NULL},
        {"https://evil.example/?u=https://zoom.us/j/1", NULL},
        {"https", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        assert_link(state, (struct join_sources){.description = str_from(rows[i].text)},
                    rows[i].link);
    }
}

static void test_every_host_of_the_table_is_found(void **state)
{
    static const struct {
        const char *host;
        const char *path;
    } rows[] = {
#define JOIN_HOST(host, path) {host, path},
#include "calendar/join_hosts.def"
#undef JOIN_HOST
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct str link =
            arena_printf(fixture->arena, "https://%s%sx1", rows[i].host, rows[i].path);
        assert_text(join_link_in_text(fixture->arena,
                                      arena_printf(fixture->arena, "at %.*s !", STR_FMT(link))),
                    link.ptr);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, fixture_reset)
        TEST(test_order_of_sources),
        TEST(test_a_location_that_is_only_a_link_counts),
        TEST(test_only_https_without_user),
        TEST(test_links_in_text),
        TEST(test_every_host_of_the_table_is_found),
#undef TEST
    };
    return cmocka_run_group_tests(tests, fixture_open, fixture_close);
}
