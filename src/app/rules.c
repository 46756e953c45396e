#include "app/rules.h"

#include "channel/render.h"
#include "model/json.h"

#include <stdio.h>
#include <string.h>

enum { RULES_BYTES_MAX = 65536 };

static enum err read_file(const char *path, struct arena *arena, struct str *out,
                          struct problem *problem)
{
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        return problem_set(problem, E_INVALID, "TOCSIN_RULES_FILE",
                           "the rules file %s cannot be read", path);
    }
    char *text = arena_alloc(arena, RULES_BYTES_MAX);
    size_t len = fread(text, 1, RULES_BYTES_MAX, file);
    fclose(file);
    *out = (struct str){text, len};
    return OK;
}

static enum err parse_wanted(struct str text, enum wanted *out)
{
    static const struct {
        const char *name;
        enum wanted wanted;
    } words[] = {{"EMAIL", WANTED_EMAIL}, {"MESSAGE", WANTED_MESSAGE}, {"CALL", WANTED_CALL}};
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
        if (str_equal_text(text, words[i].name)) {
            *out = words[i].wanted;
            return OK;
        }
    }
    return E_INVALID;
}

static enum err take_stage(const struct stage_input *input, size_t index, struct rules *rules,
                           struct problem *problem)
{
    char field[64];
    struct stage_rule *stage = &rules->stages[index];
    *stage = (struct stage_rule){
        .number = (int)input->stage,
        .due_before = MINUTES(input->minutes_before),
        .valid_before = MINUTES(input->valid_minutes_before),
    };
    snprintf(field, sizeof field, "stages[%zu].channel", index);
    if (parse_wanted(input->channel, &stage->wanted) != OK) {
        return problem_set(problem, E_INVALID, field, "must be EMAIL, MESSAGE or CALL");
    }
    snprintf(field, sizeof field, "stages[%zu].validUntilMinutesBefore", index);
    if (input->valid_minutes_before >= input->minutes_before) {
        return problem_set(problem, E_INVALID, field, "must be less than minutesBefore");
    }
    snprintf(field, sizeof field, "stages[%zu].stage", index);
    for (size_t i = 0; i < index; i++) {
        if (rules->stages[i].number == stage->number) {
            return problem_set(problem, E_INVALID, field, "is there twice");
        }
    }
    memcpy(stage->alert_type, input->alert_type.ptr, input->alert_type.len);
    return OK;
}

static void take_retry(const struct retry_input *input, struct rules *rules)
{
    rules->retries.rules[input->category] = (struct retry_rule){
        .sends = (int)input->sends,
        .calls = (int)input->calls,
        .receipts = (int)input->receipts,
        .first = SECONDS(input->first_seconds),
    };
}

static enum err take_call_retry(const struct call_retry_input *input, size_t index,
                                struct rules *rules, struct problem *problem)
{
    char field[64];
    snprintf(field, sizeof field, "callRetries[%zu].outcome", index);
    if (input->outcome == call_outcome_answered) {
        return problem_set(problem, E_INVALID, field, "what was answered is not tried again");
    }
    rules->call_retries.rules[input->outcome] = (struct call_retry_rule){
        .retries = (int)input->retries,
        .first = SECONDS(input->first_seconds),
        .doubles = input->doubles,
        .is_at_another_time = input->is_at_another_time,
    };
    return OK;
}

static enum err check_template(struct str template, const char *field, struct problem *problem)
{
    struct problem inner = {0};
    if (!str_is_set(template) || template_check(template, &inner) == OK) {
        return OK;
    }
    return problem_set(problem, E_INVALID, field, "%s", inner.message);
}

static enum err check_text(const struct text_rule *text, size_t index, struct problem *problem)
{
    const struct {
        const char *name;
        struct str template;
    } parts[] = {{"subject", text->subject},
                 {"text", text->text},
                 {"sms", text->sms},
                 {"html", text->html},
                 {"speech", text->speech}};
    char field[64];
    enum text_key key = text_key_NONE;
    snprintf(field, sizeof field, "texts[%zu].key", index);
    if (text_key_parse(text->key, &key) != OK) {
        return problem_set(problem, E_INVALID, field,
                           "there is no such text; GET /api/v1/texts lists them");
    }
    snprintf(field, sizeof field, "texts[%zu].language", index);
    if (!str_equal(render_language(text->language), text->language)) {
        return problem_set(problem, E_INVALID, field, "must be en, es, hi or de");
    }
    for (size_t i = 0; i < ARRAY_LENGTH(parts); i++) {
        snprintf(field, sizeof field, "texts[%zu].%s", index, parts[i].name);
        TRY(check_template(parts[i].template, field, problem));
    }
    return OK;
}

static enum err take_texts(const struct list *texts, struct rules *rules, struct problem *problem)
{
    rules->texts = texts->items;
    rules->text_count = texts->count;
    for (size_t i = 0; i < texts->count; i++) {
        TRY(check_text(&rules->texts[i], i, problem));
    }
    return OK;
}

static enum err parse(struct arena *arena, struct str text, struct rules *out,
                      struct problem *problem)
{
    struct json_context context = {.arena = arena, .problem = problem};
    struct rules_input input = {0};
    TRY(record_from_json(&context, &rules_input_record, text, &input, NULL));
    if (input.stages.count > STAGES_MAX) {
        return problem_set(problem, E_INVALID, "stages", "must be at most %d", STAGES_MAX);
    }
    const struct stage_input *stages = input.stages.items;
    for (size_t i = 0; i < input.stages.count; i++) {
        TRY(take_stage(&stages[i], i, out, problem));
    }
    out->stage_count =
        input.stages.count == 0 ? (size_t)stages_default(out->stages) : input.stages.count;
    const struct retry_input *retries = input.retries.items;
    for (size_t i = 0; i < input.retries.count; i++) {
        take_retry(&retries[i], out);
    }
    const struct call_retry_input *calls = input.call_retries.items;
    for (size_t i = 0; i < input.call_retries.count; i++) {
        TRY(take_call_retry(&calls[i], i, out, problem));
    }
    return take_texts(&input.texts, out, problem);
}

void rules_free(struct rules *rules)
{
    arena_free(&rules->arena);
    rules->texts = NULL;
    rules->text_count = 0;
}

enum err rules_load(const char *path, struct rules *out, struct problem *problem)
{
    struct rules rules = {0};
    retry_default(&rules.retries);
    call_retry_default(&rules.call_retries);
    if (path == NULL || path[0] == '\0') {
        rules.stage_count = stages_default(rules.stages);
        *out = rules;
        return OK;
    }
    struct arena *arena = arena_new();
    struct str text = STR_NONE;
    enum err err = read_file(path, arena, &text, problem);
    if (err == OK) {
        err = parse(arena, text, &rules, problem);
    }
    if (err == OK) {
        *out = rules;
        out->arena = rules.text_count > 0 ? arena : NULL;
    }
    if (err != OK || out->arena == NULL) {
        arena_free(&arena);
    }
    return err;
}
