#include "sim/scenario_internal.h"

#include "base/time.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* "09:15" or "09:15:30" as a time of day. */
static bool read_time_of_day(struct str word, struct duration *out)
{
    int64_t parts[3] = {0};
    struct str rest = word;
    struct str piece = STR_NONE;
    size_t count = 0;
    while (str_split(&rest, ':', &piece)) {
        if (count == ARRAY_LENGTH(parts) || piece.len != 2 ||
            str_to_int(piece, &parts[count]) != OK) {
            return false;
        }
        count++;
    }
    *out = SECONDS(parts[0] * 3600 + parts[1] * 60 + parts[2]);
    return count >= 2;
}

static struct instant now_of(const struct scenario *scenario)
{
    return scenario->world == NULL ? scenario->begin : world_now(scenario->world);
}

static bool read_time(const struct scenario *scenario, struct str word, struct instant *out)
{
    struct duration of_day = {0};
    struct instant now = now_of(scenario);
    if (instant_parse(word, out) == OK) {
        return true;
    }
    if (read_time_of_day(word, &of_day)) {
        struct instant day = {now.us - now.us % DAYS(1).us};
        *out = instant_add(day, of_day);
        return true;
    }
    if (word.len > 1 && word.ptr[0] == '+' &&
        duration_parse(str_slice(word, 1, word.len), &of_day) == OK) {
        *out = instant_add(now, of_day);
        return true;
    }
    return false;
}

enum err scenario_time(struct scenario *scenario, struct str word, struct instant *out)
{
    return read_time(scenario, word, out)
               ? OK
               : scenario_fail(scenario, "\"%.*s\" is no time", STR_FMT(word));
}

enum err scenario_duration(struct scenario *scenario, struct str word, struct duration *out)
{
    struct str text = str_starts(word, STR("+")) ? str_slice(word, 1, word.len) : word;
    return duration_parse(text, out) == OK
               ? OK
               : scenario_fail(scenario, "\"%.*s\" is no duration", STR_FMT(word));
}

enum err scenario_count(struct scenario *scenario, struct str word, int64_t *out)
{
    return str_to_int(word, out) == OK
               ? OK
               : scenario_fail(scenario, "\"%.*s\" is no number", STR_FMT(word));
}

json_t *scenario_member(json_t *object, struct str path)
{
    struct str rest = str_starts(path, STR(".")) ? str_slice(path, 1, path.len) : path;
    struct str piece = STR_NONE;
    while (object != NULL && str_split(&rest, '.', &piece)) {
        size_t open = str_find_byte(piece, '[', 0);
        struct str name = str_slice(piece, 0, open);
        int64_t index = 0;
        if (name.len > 0) {
            object = json_object_getn(object, name.ptr, name.len);
        }
        if (open < piece.len) {
            bool is_index = str_to_int(str_slice(piece, open + 1, piece.len - 1), &index) == OK;
            object = is_index ? json_array_get(object, (size_t)index) : NULL;
        }
    }
    return object;
}

struct str scenario_text(struct scenario *scenario, const json_t *value)
{
    if (value == NULL || json_is_null(value)) {
        return STR("absent");
    }
    if (json_is_string(value)) {
        return arena_str(scenario->arena,
                         (struct str){json_string_value(value), json_string_length(value)});
    }
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    struct str result = arena_str(scenario->arena, str_from(text));
    free(text);
    return result;
}

bool scenario_is(struct scenario *scenario, const json_t *value, struct str wanted)
{
    struct str seen = scenario_text(scenario, value);
    struct instant seen_at = INSTANT_NONE;
    struct instant wanted_at = INSTANT_NONE;
    if (json_is_string(value) && instant_parse(seen, &seen_at) == OK &&
        read_time(scenario, wanted, &wanted_at)) {
        return seen_at.us == wanted_at.us;
    }
    return words_match(seen, wanted);
}

static struct str member_name(struct str key)
{
    static const struct {
        const char *word;
        const char *member;
    } names[] = {{"due", "dueAt"},
                 {"sent", "sentAt"},
                 {"at", "sentAt"},
                 {"scheduled", "scheduledAt"},
                 {"start", "startsAt"}};
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        if (str_equal_text(key, names[i].word)) {
            return str_from(names[i].member);
        }
    }
    return key;
}

enum err scenario_compare(struct scenario *scenario, struct str rest, json_t *object,
                          const char *what)
{
    struct str key = STR_NONE;
    struct str value = STR_NONE;
    while (words_option(&rest, &key, &value)) {
        json_t *seen = scenario_member(object, member_name(key));
        if (!scenario_is(scenario, seen, value)) {
            return scenario_fail(scenario, "%s: %.*s is %.*s, in %.*s", what, STR_FMT(key),
                                 STR_FMT(scenario_text(scenario, seen)),
                                 STR_FMT(str_cut_utf8(scenario_text(scenario, object), 1000)));
        }
    }
    struct str left = words_next(&rest);
    return str_is_set(left)
               ? scenario_fail(scenario, "\"%.*s\" is not understood here", STR_FMT(left))
               : OK;
}

bool scenario_fits(struct scenario *scenario, struct str rest, json_t *object)
{
    struct str key = STR_NONE;
    struct str value = STR_NONE;
    while (words_option(&rest, &key, &value)) {
        if (!scenario_is(scenario, scenario_member(object, member_name(key)), value)) {
            return false;
        }
    }
    return true;
}

enum err scenario_request(struct scenario *scenario, enum http_method method, struct str path,
                          struct str body)
{
    TRY(scenario_needs_world(scenario));
    bool is_form = body.len > 0 && body.ptr[0] != '{' && str_contains(path, STR("/l/"));
    struct world_request request = {
        .method = method,
        .path = path,
        .body = body,
        .key = scenario->key,
        .once = scenario->once,
        .content_type = is_form ? STR("application/x-www-form-urlencoded") : STR_NONE};
    world_request(scenario->world, &request);
    scenario->status = scenario->world->answer.status;
    scenario->body = arena_str(scenario->arena, scenario->world->answer.body);
    json_decref(scenario->answer);
    scenario->answer = json_loadb(scenario->body.ptr == NULL ? "" : scenario->body.ptr,
                                  scenario->body.len, 0, NULL);
    scenario->refused_line = scenario->status >= 200 && scenario->status < 300 ? 0 : scenario->line;
    return OK;
}

json_t *scenario_look(struct scenario *scenario, const char *format, ...)
{
    char path[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(path, sizeof path, format, arguments);
    va_end(arguments);
    if (scenario_needs_world(scenario) != OK) {
        return NULL;
    }
    struct world_request request = {
        .method = HTTP_GET, .path = str_from(path), .key = STR(WORLD_ADMIN_KEY)};
    world_request(scenario->world, &request);
    struct str body = scenario->world->answer.body;
    json_t *answer = json_loadb(body.ptr == NULL ? "" : body.ptr, body.len, 0, NULL);
    bool is_taken = scenario->world->answer.status == 200 || answer != NULL;
    if (!is_taken) {
        enum err ignored =
            scenario_fail(scenario, "GET %s was answered with %d: %.*s", path,
                          scenario->world->answer.status, STR_FMT(str_cut_utf8(body, 600)));
        (void)ignored;
        json_decref(answer);
        return NULL;
    }
    return answer;
}
