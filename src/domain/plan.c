#include "domain/plan.h"

#include <assert.h>
#include <string.h>

static const struct {
    int number;
    const char *alert_type;
    int due_seconds_before;
    int valid_seconds_before;
    enum wanted wanted;
} default_stages[] = {
#define STAGE(number, alert_type, due_seconds_before, valid_seconds_before, wanted) \
    {number, #alert_type, due_seconds_before, valid_seconds_before, WANTED_##wanted},
#include "domain/stages.def"
#undef STAGE
};

size_t stages_default(struct stage_rule out[static STAGES_MAX])
{
    static_assert(ARRAY_LENGTH(default_stages) <= STAGES_MAX, "they fit");
    for (size_t i = 0; i < ARRAY_LENGTH(default_stages); i++) {
        out[i] = (struct stage_rule){
            .number = default_stages[i].number,
            .due_before = SECONDS(default_stages[i].due_seconds_before),
            .valid_before = SECONDS(default_stages[i].valid_seconds_before),
            .wanted = default_stages[i].wanted,
        };
        struct str type = str_from(default_stages[i].alert_type);
        assert(type.len < ALERT_TYPE_MAX);
        memcpy(out[i].alert_type, type.ptr, type.len);
    }
    return ARRAY_LENGTH(default_stages);
}

struct stage_times stage_times(const struct stage_rule *stage, struct instant starts_at)
{
    assert(stage->due_before.us >= stage->valid_before.us);
    return (struct stage_times){
        .due_at = instant_sub(starts_at, stage->due_before),
        .valid_until = instant_sub(starts_at, stage->valid_before),
    };
}

enum stage_action stage_decide(struct stage_times times, struct instant now)
{
    if (instant_before(now, times.due_at)) {
        return STAGE_WAIT;
    }
    return instant_before(now, times.valid_until) ? STAGE_FIRE : STAGE_TOO_LATE;
}

struct duration backoff(struct duration first, int attempt)
{
    assert(attempt >= 1);
    struct duration wait = first;
    for (int i = 1; i < attempt && wait.us < HOURS(1).us; i++) {
        wait.us *= 2;
    }
    return wait.us > HOURS(1).us ? HOURS(1) : wait;
}

enum wanted wanted_of_step(enum step_type type)
{
    switch (type) {
    case step_type_IN_APP:
        return WANTED_IN_APP;
    case step_type_EMAIL:
        return WANTED_EMAIL;
    case step_type_MESSAGE:
        return WANTED_MESSAGE;
    case step_type_SMS:
        return WANTED_SMS;
    case step_type_WHATSAPP:
        return WANTED_WHATSAPP;
    case step_type_CALL:
    case step_type_REPEAT_CALL:
        return WANTED_CALL;
    case step_type_NONE:
    case step_type_COUNT:
        break;
    }
    assert(!"a step has a type");
    return WANTED_EMAIL;
}

enum channel channel_of_wanted(enum wanted wanted)
{
    switch (wanted) {
    case WANTED_IN_APP:
        return channel_IN_APP;
    case WANTED_EMAIL:
        return channel_EMAIL;
    case WANTED_MESSAGE:
    case WANTED_SMS:
        return channel_SMS;
    case WANTED_WHATSAPP:
        return channel_WHATSAPP;
    case WANTED_CALL:
        return channel_CALL;
    }
    return channel_NONE;
}
