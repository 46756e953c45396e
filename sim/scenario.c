#include "sim/scenario.h"

#include "sim/scenario_internal.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { FILE_BYTES_MAX = 1 << 20 };

static const struct {
    const char *word;
    statement_function *function;
    const char *usage;
} statements[] = {
#define STATEMENT(word, function, usage) {word, function, usage},
#include "sim/scenario.def"
#undef STATEMENT
};

static const struct {
    const char *word;
    statement_function *function;
    const char *usage;
} expectations[] = {
#define EXPECT(word, function, usage) {word, function, usage},
#include "sim/scenario_expect.def"
#undef EXPECT
};

enum err scenario_fail(struct scenario *scenario, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(scenario->failure, sizeof scenario->failure, format, arguments);
    va_end(arguments);
    return E_INVALID;
}

enum err scenario_set(struct scenario *scenario, struct str name, struct str value)
{
    struct scenario_variable *variable = scenario->variables;
    for (size_t i = 0; i < scenario->variable_count; i++, variable++) {
        if (str_equal(variable->name, name)) {
            variable->value = arena_str(scenario->arena, value);
            return OK;
        }
    }
    if (scenario->variable_count == VARIABLES_MAX) {
        return scenario_fail(scenario, "more than %d variables", VARIABLES_MAX);
    }
    scenario->variables[scenario->variable_count++] = (struct scenario_variable){
        arena_str(scenario->arena, name), arena_str(scenario->arena, value)};
    return OK;
}

struct str scenario_get(const struct scenario *scenario, struct str name)
{
    for (size_t i = 0; i < scenario->variable_count; i++) {
        if (str_equal(scenario->variables[i].name, name)) {
            return scenario->variables[i].value;
        }
    }
    return STR_NONE;
}

struct scenario_person *scenario_person_of(struct scenario *scenario, struct str name)
{
    for (size_t i = 0; i < scenario->person_count; i++) {
        if (str_equal(scenario->people[i].name, name)) {
            return &scenario->people[i];
        }
    }
    return NULL;
}

struct scenario_meeting *scenario_meeting_of(struct scenario *scenario, struct str name)
{
    for (size_t i = 0; i < scenario->meeting_count; i++) {
        if (str_equal(scenario->meetings[i].name, name)) {
            return &scenario->meetings[i];
        }
    }
    return NULL;
}

enum err scenario_needs_world(struct scenario *scenario)
{
    if (scenario->world != NULL) {
        return OK;
    }
    if (!instant_is_set(scenario->begin)) {
        return scenario_fail(scenario, "say first where the clock starts: clock TIME");
    }
    enum err err =
        world_new(scenario->settings, scenario->begin, scenario->zones, &scenario->world);
    return err == OK ? OK
                     : scenario_fail(scenario, "the server does not start: %s",
                                     scenario->world->problem.message);
}

static bool is_name_byte(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* Puts the values of variables in place of $name. */
static enum err substitute(struct scenario *scenario, struct str text, struct str *out)
{
    struct buf result = {.arena = scenario->arena};
    size_t at = 0;
    while (at < text.len) {
        size_t dollar = str_find_byte(text, '$', at);
        size_t end = dollar + 1;
        buf_add(&result, str_slice(text, at, dollar));
        while (end < text.len && is_name_byte(text.ptr[end])) {
            end++;
        }
        if (dollar == text.len) {
            break;
        }
        struct str name = str_slice(text, dollar + 1, end);
        struct str value = scenario_get(scenario, name);
        if (!str_is_set(value)) {
            return scenario_fail(scenario, "there is no variable $%.*s", STR_FMT(name));
        }
        buf_add(&result, value);
        at = end;
    }
    *out = buf_str(&result);
    return OK;
}

static bool next_line(struct scenario *scenario, struct str *out)
{
    if (!str_split(&scenario->text, '\n', out)) {
        return false;
    }
    scenario->line++;
    if (str_ends(*out, STR("\r"))) {
        out->len--;
    }
    return true;
}

/* Takes the text that a line's <<WORD announces, and cuts that off the line. */
static enum err take_heredoc(struct scenario *scenario, struct str *line)
{
    size_t mark = str_find(*line, STR("<<"));
    scenario->heredoc = STR_NONE;
    if (mark == line->len) {
        return OK;
    }
    struct str word = str_trim(str_slice(*line, mark + 2, line->len));
    struct buf text = {.arena = scenario->arena};
    struct str read = STR_NONE;
    *line = str_trim(str_slice(*line, 0, mark));
    while (next_line(scenario, &read)) {
        if (str_equal(str_trim(read), word)) {
            return substitute(scenario, buf_str(&text), &scenario->heredoc);
        }
        buf_add(&text, read);
        buf_add_byte(&text, '\n');
    }
    return scenario_fail(scenario, "the text up to %.*s does not end", STR_FMT(word));
}

static enum err check_refusal(struct scenario *scenario, struct str word)
{
    bool is_expected = str_equal(word, STR("expect"));
    if (scenario->refused_line == 0 || is_expected) {
        scenario->refused_line = 0;
        return OK;
    }
    scenario->line = scenario->refused_line;
    return scenario_fail(scenario, "the request was refused with %d: %.*s", scenario->status,
                         STR_FMT(scenario->body));
}

static enum err check_invariants(struct scenario *scenario)
{
    if (scenario->world == NULL || !scenario->world->is_up) {
        return OK;
    }
    struct str broken = STR_NONE;
    if (invariants_hold(scenario->invariants, scenario->world, scenario->arena, &broken)) {
        return OK;
    }
    return scenario_fail(scenario, "an invariant does not hold: %.*s", STR_FMT(broken));
}

static enum err run_statement(struct scenario *scenario, struct str line)
{
    struct str rest = STR_NONE;
    TRY(take_heredoc(scenario, &line));
    TRY(substitute(scenario, line, &rest));
    struct str word = words_next(&rest);
    TRY(check_refusal(scenario, word));
    for (size_t i = 0; i < ARRAY_LENGTH(statements); i++) {
        if (str_equal_text(word, statements[i].word)) {
            TRY(statements[i].function(scenario, str_trim(rest)));
            return check_invariants(scenario);
        }
    }
    return scenario_fail(scenario, "there is no statement \"%.*s\"", STR_FMT(word));
}

enum err do_expect(struct scenario *scenario, struct str rest)
{
    struct str after = rest;
    struct str word = words_next(&after);
    TRY(scenario_needs_world(scenario));
    for (size_t i = 0; i < ARRAY_LENGTH(expectations); i++) {
        if (str_equal_text(word, expectations[i].word)) {
            return expectations[i].function(scenario, str_trim(after));
        }
    }
    if (str_starts(word, STR("."))) {
        struct str wanted = words_next(&after);
        json_t *value = scenario_member(scenario->answer, word);
        return scenario_is(scenario, value, wanted)
                   ? OK
                   : scenario_fail(scenario, "%.*s is %.*s in %.*s", STR_FMT(word),
                                   STR_FMT(scenario_text(scenario, value)),
                                   STR_FMT(str_cut_utf8(scenario->body, 1200)));
    }
    int64_t status = 0;
    if (str_to_int(word, &status) != OK) {
        return scenario_fail(scenario, "there is nothing to expect called \"%.*s\"", STR_FMT(word));
    }
    struct str code = words_next(&after);
    json_t *seen = scenario_member(scenario->answer, STR(".error.code"));
    if (status != scenario->status || (str_is_set(code) && !scenario_is(scenario, seen, code))) {
        return scenario_fail(scenario, "the answer was %d: %.*s", scenario->status,
                             STR_FMT(str_cut_utf8(scenario->body, 1200)));
    }
    struct str field = words_next(&after);
    seen = scenario_member(scenario->answer, STR(".error.field"));
    return !str_is_set(field) || scenario_is(scenario, seen, field)
               ? OK
               : scenario_fail(scenario, "the field named is %.*s",
                               STR_FMT(scenario_text(scenario, seen)));
}

static enum err run_lines(struct scenario *scenario)
{
    struct str line = STR_NONE;
    while (next_line(scenario, &line)) {
        line = str_trim(line);
        if (line.len == 0 || line.ptr[0] == '#') {
            continue;
        }
        int at = scenario->line;
        enum err err = run_statement(scenario, line);
        if (err != OK) {
            scenario->line = at;
            return err;
        }
    }
    TRY(check_refusal(scenario, STR_NONE));
    if (scenario->world == NULL) {
        return scenario_fail(scenario, "nothing happens in this scenario");
    }
    if (scenario->world->store.crash_in > 0 || scenario->world->store.power_in > 0) {
        return scenario_fail(scenario, "the crash that was armed never came");
    }
    /* What a restart finds must be what memory had. */
    struct scenario *s = scenario;
    TRY(do_restart(s, STR("")));
    return check_invariants(s);
}

static enum err read_file(struct scenario *scenario)
{
    FILE *file = fopen(arena_cstr(scenario->arena, scenario->path), "r");
    if (file == NULL) {
        return scenario_fail(scenario, "cannot be read");
    }
    char *text = arena_alloc(scenario->arena, FILE_BYTES_MAX);
    size_t len = fread(text, 1, FILE_BYTES_MAX, file);
    fclose(file);
    scenario->text = (struct str){text, len};
    return OK;
}

enum err scenario_run(struct str path, struct zoneinfo *zones, struct buf *log,
                      char failure[static FAILURE_MAX])
{
    struct arena *arena = arena_new();
    struct scenario *scenario = ARENA_NEW(arena, struct scenario);
    *scenario = (struct scenario){.path = path,
                                  .arena = arena,
                                  .zones = zones,
                                  .key = STR(WORLD_ADMIN_KEY),
                                  .invariants = invariants_new()};
    enum err err = read_file(scenario);
    if (err == OK) {
        err = run_lines(scenario);
    }
    snprintf(failure, FAILURE_MAX, "%.*s:%d: %.*s", STR_FMT(path), scenario->line,
             FAILURE_MAX - 300, scenario->failure);
    if (log != NULL && scenario->world != NULL) {
        buf_add(log, buf_str(&scenario->world->log));
    }
    json_decref(scenario->answer);
    invariants_free(&scenario->invariants);
    world_free(&scenario->world);
    arena_free(&arena);
    return err;
}

void scenario_help(void)
{
    printf("Statements:\n");
    for (size_t i = 0; i < ARRAY_LENGTH(statements); i++) {
        printf("  %s\n", statements[i].usage);
    }
    printf("Expectations:\n  expect STATUS [CODE [FIELD]]\n  expect .path VALUE\n");
    for (size_t i = 0; i < ARRAY_LENGTH(expectations); i++) {
        printf("  expect %s\n", expectations[i].usage);
    }
    printf("What the carrier understands behind \"carrier\":\n%s", carrier_help);
}
