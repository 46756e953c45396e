#include "sim/scenario_internal.h"

static enum err ask(struct scenario *scenario, enum http_method method, struct str rest)
{
    struct str path = words_next(&rest);
    struct str body = str_is_set(scenario->heredoc) ? scenario->heredoc : str_trim(rest);
    return scenario_request(scenario, method, path, body);
}

enum err do_get(struct scenario *scenario, struct str rest)
{
    return ask(scenario, HTTP_GET, rest);
}

enum err do_post(struct scenario *scenario, struct str rest)
{
    return ask(scenario, HTTP_POST, rest);
}

enum err do_patch(struct scenario *scenario, struct str rest)
{
    return ask(scenario, HTTP_PATCH, rest);
}

enum err do_put(struct scenario *scenario, struct str rest)
{
    return ask(scenario, HTTP_PUT, rest);
}

enum err do_delete(struct scenario *scenario, struct str rest)
{
    return ask(scenario, HTTP_DELETE, rest);
}

enum err do_once(struct scenario *scenario, struct str rest)
{
    struct str word = words_next(&rest);
    scenario->once = str_equal(word, STR("off")) ? STR_NONE : arena_str(scenario->arena, word);
    return OK;
}

enum err do_let(struct scenario *scenario, struct str rest)
{
    struct str name = words_next(&rest);
    json_t *value = scenario_member(scenario->answer, words_next(&rest));
    return value != NULL ? scenario_set(scenario, name, scenario_text(scenario, value))
                         : scenario_fail(scenario, "the last answer has no such member: %.*s",
                                         STR_FMT(str_cut_utf8(scenario->body, 1200)));
}

static enum err count_in(struct scenario *scenario, struct str text, struct str rest,
                         const char *where)
{
    struct str wanted = words_next(&rest);
    struct str count = words_next(&rest);
    int64_t expected = -1;
    int64_t found = 0;
    for (size_t at = str_find(text, wanted); at < text.len && wanted.len > 0; found++) {
        text = str_slice(text, at + wanted.len, text.len);
        at = str_find(text, wanted);
    }
    if (str_is_set(count)) {
        TRY(scenario_count(scenario, count, &expected));
    }
    bool is_right = expected < 0 ? found > 0 : found == expected;
    return is_right ? OK
                    : scenario_fail(scenario, "%s has \"%.*s\" %lld times", where, STR_FMT(wanted),
                                    (long long)found);
}

enum err expect_log(struct scenario *scenario, struct str rest)
{
    return count_in(scenario, buf_str(&scenario->world->log), rest, "the log");
}

enum err expect_body(struct scenario *scenario, struct str rest)
{
    enum err err = count_in(scenario, scenario->body, rest, "the answer");
    return err == OK ? OK
                     : scenario_fail(scenario, "the answer does not have that: %d %.*s",
                                     scenario->status, STR_FMT(str_cut_utf8(scenario->body, 1500)));
}

enum err expect_fetches(struct scenario *scenario, struct str rest)
{
    struct str url = words_next(&rest);
    int64_t wanted = 0;
    struct str key = STR_NONE;
    struct str value = STR_NONE;
    const struct feeds *feeds = &scenario->world->feeds;
    int64_t seen = feeds_fetches(feeds, url);
    TRY(scenario_count(scenario, words_next(&rest), &wanted));
    if (seen != wanted) {
        return scenario_fail(scenario, "it was asked %lld times", (long long)seen);
    }
    if (!words_option(&rest, &key, &value)) {
        return OK;
    }
    TRY(scenario_count(scenario, value, &wanted));
    seen = feeds_unchanged(feeds, url);
    return seen == wanted ? OK : scenario_fail(scenario, "it said 304 %lld times", (long long)seen);
}

enum err expect_crashes(struct scenario *scenario, struct str rest)
{
    int64_t wanted = 0;
    TRY(scenario_count(scenario, words_next(&rest), &wanted));
    return scenario->world->crashes == wanted ? OK
                                              : scenario_fail(scenario, "there were %lld crashes",
                                                              (long long)scenario->world->crashes);
}

enum err expect_now(struct scenario *scenario, struct str rest)
{
    struct instant wanted = INSTANT_NONE;
    char text[INSTANT_TEXT_MAX];
    TRY(scenario_time(scenario, words_next(&rest), &wanted));
    struct instant now = world_now(scenario->world);
    instant_format(now, text);
    return now.us == wanted.us ? OK : scenario_fail(scenario, "it is %s", text);
}

static enum err expect_no_change(struct scenario *scenario)
{
    int64_t audit = scenario->mark_audit;
    int64_t messages = scenario->mark_messages;
    TRY(do_mark(scenario, STR("")));
    int64_t more = scenario->mark_audit - audit;
    bool is_same = more == 0 && scenario->mark_messages == messages;
    return is_same ? OK
                   : scenario_fail(scenario, "%lld audit events more, messages or meetings %s",
                                   (long long)more,
                                   scenario->mark_messages == messages ? "the same" : "changed");
}

enum err expect_no(struct scenario *scenario, struct str rest)
{
    struct str what = words_next(&rest);
    if (str_equal(what, STR("change"))) {
        return expect_no_change(scenario);
    }
    if (str_equal(what, STR("answer"))) {
        return scenario->status == 0
                   ? OK
                   : scenario_fail(scenario, "there was one: %d %.*s", scenario->status,
                                   STR_FMT(str_cut_utf8(scenario->body, 1000)));
    }
    if (str_equal(what, STR("log"))) {
        return count_in(scenario, buf_str(&scenario->world->log),
                        arena_printf(scenario->arena, "%.*s 0", STR_FMT(rest)), "the log");
    }
    if (str_equal(what, STR("body"))) {
        return count_in(scenario, scenario->body,
                        arena_printf(scenario->arena, "%.*s 0", STR_FMT(rest)), "the answer");
    }
    if (!str_equal(what, STR("incident"))) {
        return scenario_fail(scenario, "expect no incident|log|body|change|answer");
    }
    struct str id = scenario_get(scenario, words_next(&rest));
    json_t *view = scenario_look(scenario, "/api/v1/meetings/%.*s", STR_FMT(id));
    json_t *incident = scenario_member(view, STR(".data.incidentId"));
    bool has_one = json_is_string(incident);
    json_decref(view);
    return has_one ? scenario_fail(scenario, "there is one") : OK;
}
