#include "sim/scenario_internal.h"

#include "app/rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum err do_clock(struct scenario *scenario, struct str rest)
{
    struct str word = words_next(&rest);
    struct duration by = {0};
    if (!str_equal(word, STR("step"))) {
        if (scenario->world != NULL) {
            return scenario_fail(scenario, "the clock runs already; use clock step, or advance");
        }
        return scenario_time(scenario, word, &scenario->begin);
    }
    TRY(scenario_needs_world(scenario));
    word = words_next(&rest);
    bool is_back = str_starts(word, STR("-"));
    TRY(scenario_duration(scenario, is_back ? str_slice(word, 1, word.len) : word, &by));
    world_step_clock(scenario->world, is_back ? -by.us : by.us);
    return OK;
}

static enum err set_config(struct scenario *scenario, struct str key, struct str value)
{
    const char *pair = arena_printf(scenario->arena, "%.*s=%.*s", STR_FMT(key), STR_FMT(value)).ptr;
    for (size_t i = 0; i < scenario->setting_count; i++) {
        if (strncmp(scenario->settings[i], pair, key.len + 1) == 0) {
            scenario->settings[i] = pair;
            return OK;
        }
    }
    if (scenario->setting_count + 1 == SETTINGS_MAX) {
        return scenario_fail(scenario, "more than %d settings", SETTINGS_MAX);
    }
    scenario->settings[scenario->setting_count++] = pair;
    return OK;
}

enum err do_config(struct scenario *scenario, struct str rest)
{
    struct str key = STR_NONE;
    struct str value = STR_NONE;
    while (words_option(&rest, &key, &value)) {
        TRY(set_config(scenario, key, value));
    }
    return rest.len == 0 ? OK : scenario_fail(scenario, "settings are NAME=VALUE");
}

/* Hands a text over as a file, because that is how rules come. */
static enum err with_file(struct scenario *scenario, struct str text, char *path, size_t cap)
{
    const char *folder = getenv("TMPDIR");
    snprintf(path, cap, "%s/tocsin-rules-XXXXXX", folder == NULL ? "/tmp" : folder);
    int file = mkstemp(path);
    bool is_written = file >= 0 && write(file, text.ptr, text.len) == (ssize_t)text.len;
    if (file >= 0) {
        close(file);
    }
    return is_written ? OK : scenario_fail(scenario, "%s cannot be written", path);
}

enum err do_rules(struct scenario *scenario, struct str rest)
{
    char path[512];
    struct rules rules;
    struct problem problem = {0};
    struct str word = words_next(&rest);
    TRY(with_file(scenario, scenario->heredoc, path, sizeof path));
    if (!str_equal(word, STR("again"))) {
        /* The file stays until the server has read it at its start. */
        enum err err = set_config(scenario, STR("TOCSIN_RULES_FILE"), str_from(path));
        if (err == OK) {
            err = scenario_needs_world(scenario);
        }
        unlink(path);
        return err == OK ? set_config(scenario, STR("TOCSIN_RULES_FILE"), STR("")) : err;
    }
    TRY(scenario_needs_world(scenario));
    enum err err = rules_load(path, &rules, &problem);
    unlink(path);
    if (err != OK) {
        return scenario_fail(scenario, "%s: %s", problem.field, problem.message);
    }
    rules_free(&scenario->world->plant.site.rules);
    scenario->world->plant.site.rules = rules;
    return OK;
}

enum err do_advance(struct scenario *scenario, struct str rest)
{
    struct duration by = {0};
    TRY(scenario_needs_world(scenario));
    TRY(scenario_duration(scenario, words_next(&rest), &by));
    world_advance(scenario->world, by);
    return OK;
}

enum err do_until(struct scenario *scenario, struct str rest)
{
    struct instant at = INSTANT_NONE;
    TRY(scenario_needs_world(scenario));
    TRY(scenario_time(scenario, words_next(&rest), &at));
    struct instant now = world_now(scenario->world);
    if (at.us < now.us) {
        return scenario_fail(scenario, "that time is over");
    }
    world_advance(scenario->world, instant_since(at, now));
    return OK;
}

enum err do_stop(struct scenario *scenario, struct str rest)
{
    (void)rest;
    TRY(scenario_needs_world(scenario));
    world_stop(scenario->world);
    return OK;
}

enum err do_start(struct scenario *scenario, struct str rest)
{
    (void)rest;
    if (scenario->world == NULL || scenario->world->is_up) {
        return scenario_fail(scenario, "start: the server was not stopped");
    }
    if (world_start(scenario->world) != OK) {
        return scenario_fail(scenario, "the server does not start: %s",
                             scenario->world->problem.message);
    }
    world_settle(scenario->world);
    return OK;
}

enum err do_restart(struct scenario *scenario, struct str rest)
{
    TRY(do_stop(scenario, rest));
    return do_start(scenario, rest);
}

enum err do_down(struct scenario *scenario, struct str rest)
{
    TRY(do_stop(scenario, rest));
    TRY(do_advance(scenario, rest));
    return do_start(scenario, rest);
}

enum err do_crash(struct scenario *scenario, struct str rest)
{
    struct str word = words_next(&rest);
    int64_t count = 0;
    TRY(scenario_needs_world(scenario));
    TRY(scenario_count(scenario, words_next(&rest), &count));
    bool is_after = str_equal(word, STR("after"));
    if (str_equal(word, STR("power"))) {
        scenario->world->store.power_in = count;
        return OK;
    }
    if ((!is_after && !str_equal(word, STR("before"))) || count < 1) {
        return scenario_fail(scenario, "crash before|after|power N");
    }
    scenario->world->store.crash_in = count;
    scenario->world->store.crash_after = is_after;
    return OK;
}

enum err do_disk(struct scenario *scenario, struct str rest)
{
    struct str word = words_next(&rest);
    TRY(scenario_needs_world(scenario));
    if (str_equal(word, STR("ok"))) {
        faulty_store_mend(&scenario->world->store);
        return OK;
    }
    struct str count = words_next(&rest);
    if (str_equal(word, STR("unheard"))) {
        return scenario_count(scenario, count, &scenario->world->store.unheard_in);
    }
    if (str_equal(word, STR("write")) || str_equal(word, STR("undo"))) {
        scenario->world->store.write_undoes = str_equal(word, STR("undo"));
        return scenario_count(scenario, count, &scenario->world->store.write_in);
    }
    if (str_equal(word, STR("conflict"))) {
        return scenario_count(scenario, count, &scenario->world->store.conflict_in);
    }
    scenario->world->store.refuse = REFUSE_ALL;
    if (!str_equal(word, STR("full"))) {
        return scenario_fail(scenario,
                             "disk full [N] | disk unheard|write|undo|conflict N | disk ok");
    }
    return str_is_set(count) ? scenario_count(scenario, count, &scenario->world->store.refuse) : OK;
}

static bool read_mode(struct str word, enum feed_mode *out)
{
    static const struct {
        const char *word;
        enum feed_mode mode;
    } modes[] = {{"hang", FEED_HANGS},
                 {"refuse", FEED_REFUSES},
                 {"redirect", FEED_REDIRECTS},
                 {"private", FEED_IS_PRIVATE},
                 {"huge", FEED_IS_TOO_LARGE}};
    for (size_t i = 0; i < ARRAY_LENGTH(modes); i++) {
        if (str_equal_text(word, modes[i].word)) {
            *out = modes[i].mode;
            return true;
        }
    }
    return false;
}

static enum err set_feed_option(struct scenario *scenario, struct feed *feed, struct str key,
                                struct str value)
{
    const struct {
        const char *key;
        struct str *text;
    } texts[] = {{"etag", &feed->etag},
                 {"modified", &feed->last_modified},
                 {"type", &feed->content_type},
                 {"method", &feed->method},
                 {"match", &feed->contains}};
    int64_t number = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        if (str_equal_text(key, texts[i].key)) {
            *texts[i].text = value;
            return OK;
        }
    }
    TRY(scenario_count(scenario, value, &number));
    if (str_equal(key, STR("status"))) {
        feed->status = (int)number;
        return OK;
    }
    feed->retry_after_seconds = number;
    return str_equal(key, STR("retry"))
               ? OK
               : scenario_fail(scenario, "a feed has no \"%.*s\"", STR_FMT(key));
}

enum err do_feed(struct scenario *scenario, struct str rest)
{
    struct feed feed = {.url = words_next(&rest),
                        .status = 200,
                        .content_type = STR("text/calendar"),
                        .body = scenario->heredoc};
    struct str key = STR_NONE;
    struct str value = STR_NONE;
    TRY(scenario_needs_world(scenario));
    while (words_option(&rest, &key, &value)) {
        TRY(set_feed_option(scenario, &feed, key, value));
    }
    struct str mode = words_next(&rest);
    if (str_is_set(mode) && !read_mode(mode, &feed.mode)) {
        return scenario_fail(scenario, "a feed cannot \"%.*s\"", STR_FMT(mode));
    }
    feeds_put(&scenario->world->feeds, &feed);
    return OK;
}

enum err do_mark(struct scenario *scenario, struct str rest)
{
    (void)rest;
    TRY(scenario_needs_world(scenario));
    const struct faulty_store *store = &scenario->world->store;
    scenario->mark_audit = peek_number(store, scenario->arena, "SELECT count(*) FROM audit_events");
    scenario->mark_messages = peek_number(
        store, scenario->arena,
        "SELECT count(*) + (SELECT coalesce(sum(updated_at), 0) FROM meetings) FROM messages");
    return OK;
}
