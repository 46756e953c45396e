#include "service/lint.h"

#include "service/engine.h"
#include "service/lint_checks.h"
#include "service/oncall.h"
#include "service/operator.h"
#include "service/policies.h"
#include "store/oncall.h"
#include "store/people.h"
#include "store/policies.h"
#include "store/settings.h"

enum { NIGHT_HOUR = 3, PEOPLE_A_TURN = 200, ITEMS_A_PAGE = 200 };

/* The nightly timer is Tocsin's own; its subject is a name for it. */
static const struct id whole_house = {1};

static const struct str night_setting = STR_INIT("lint.night");
static const struct str last_run_setting = STR_INIT("lint.last_run");

static bool is_same_finding(const struct lint_finding *a, const struct lint_finding *b)
{
    return a->code == b->code && str_equal(a->member, b->member);
}

static struct lint_finding *match(struct lint_report *report, const struct lint_finding *wanted)
{
    for (size_t i = 0; i < report->count; i++) {
        struct lint_finding *finding = &report->findings[i];
        if (!id_is_set(finding->id) && is_same_finding(finding, wanted)) {
            return finding;
        }
    }
    return NULL;
}

/* A row that is found again stays, with since when it is known. */
static enum err keep_or_remove(struct op *op, struct lint_report *report,
                               const struct lint_finding *row)
{
    struct lint_finding *finding = match(report, row);
    if (finding == NULL) {
        return findings_remove(op->db, row->id);
    }
    finding->id = row->id;
    finding->found_at = row->found_at;
    return str_equal(finding->message, row->message)
               ? OK
               : db_update(op->db, TABLE_lint_findings, op->arena, finding);
}

static void log_finding(const struct op *op, const struct lint_finding *finding)
{
    op_log(op, LOG_WARN, LOG_RULE_ENGINE, "lint: %s %.*s: %.*s: %.*s",
           enum_name(&subject_type_names, finding->subject_type),
           STR_FMT(op_id_text(op, finding->subject_id)), STR_FMT(finding->member),
           STR_FMT(finding->message));
}

/* Brings the rows of a subject up to date; `added` counts those that are new. */
static enum err keep(struct op *op, struct lint_report *report, int64_t *added)
{
    struct list rows = {0};
    TRY(findings_of_subject(op->db, op->arena, report->type, report->subject, &rows));
    for (size_t i = 0; i < rows.count; i++) {
        TRY(keep_or_remove(op, report, &((const struct lint_finding *)rows.items)[i]));
    }
    for (size_t i = 0; i < report->count; i++) {
        struct lint_finding *finding = &report->findings[i];
        if (!id_is_set(finding->id)) {
            finding->id = op_new_id(op);
            TRY(db_insert(op->db, TABLE_lint_findings, op->arena, finding));
            log_finding(op, finding);
            (*added)++;
        }
    }
    return OK;
}

static struct list list_of(const struct lint_report *report)
{
    return (struct list){report->findings, report->count};
}

enum err lint_policy_view(struct op *op, struct policy *policy)
{
    struct lint_report report = {0};
    TRY(lint_policy(op, policy, &report));
    policy->findings = list_of(&report);
    return OK;
}

static enum err look_at_policy(struct op *op, struct policy *policy, int64_t *added)
{
    struct lint_report report = {0};
    TRY(lint_policy(op, policy, &report));
    TRY(keep(op, &report, added));
    policy->findings = list_of(&report);
    return OK;
}

static enum err look_at_user(struct op *op, struct user *user, int64_t *added)
{
    struct lint_report report = {0};
    TRY(lint_user(op, user, &report));
    TRY(keep(op, &report, added));
    user->findings = list_of(&report);
    return OK;
}

enum err lint_policy_saved(struct op *op, struct policy *policy)
{
    int64_t ignored = 0;
    return look_at_policy(op, policy, &ignored);
}

enum err lint_user_saved(struct op *op, struct user *user)
{
    int64_t ignored = 0;
    return look_at_user(op, user, &ignored);
}

enum err lint_schedule_saved(struct op *op, struct id schedule, struct list *findings)
{
    int64_t ignored = 0;
    struct lint_report report = {0};
    TRY(lint_schedule(op, schedule, &report));
    TRY(keep(op, &report, &ignored));
    *findings = list_of(&report);
    return OK;
}

enum err lint_forget(struct op *op, enum subject_type type, struct id subject)
{
    int64_t ignored = 0;
    struct lint_report nothing = {.type = type, .subject = subject};
    return keep(op, &nothing, &ignored);
}

static enum err look_at_policies(struct op *op, int64_t *added)
{
    struct policy_list_input wanted = {.limit = ITEMS_A_PAGE};
    struct policy_list page;
    do {
        page = (struct policy_list){0};
        TRY(list_policies(op, &wanted, &page));
        struct policy *policies = ARENA_NEW_ARRAY(op->arena, struct policy, page.policies.count);
        for (size_t i = 0; i < page.policies.count; i++) {
            policies[i] = ((const struct policy *)page.policies.items)[i];
            TRY(look_at_policy(op, &policies[i], added));
        }
        wanted.cursor = page.cursor;
    } while (str_is_set(page.cursor));
    return OK;
}

/* One whose layers cannot be read is shown without any. */
static enum err look_at_schedule(struct op *op, const struct schedule *schedule, int64_t *added)
{
    struct lint_report report = {0};
    if (schedule->layers.count == 0) {
        return OK;
    }
    TRY(lint_schedule(op, schedule->id, &report));
    return keep(op, &report, added);
}

static enum err look_at_schedules(struct op *op, int64_t *added)
{
    struct schedule_page page = {.id_key = op->site->id_key, .limit = ITEMS_A_PAGE};
    struct list schedules = {0};
    do {
        TRY(schedules_page(op->db, op->arena, &page, &schedules));
        for (size_t i = 0; i < schedules.count; i++) {
            const struct schedule *schedule = &((const struct schedule *)schedules.items)[i];
            page.after = schedule->id;
            TRY(look_at_schedule(op, schedule, added));
        }
    } while (schedules.count == ITEMS_A_PAGE);
    return oncall_look_for_gaps(op);
}

/* How far a night has come: everybody up to a person, and what was found anew so far. */
struct night {
    int64_t after; /* 0: it begins. */
    int64_t added;
};

static enum err read_night(struct op *op, struct night *out)
{
    struct str text = STR_NONE;
    struct str after = STR_NONE;
    *out = (struct night){0};
    enum err err = settings_get(op->db, op->arena, night_setting, &text);
    if (err == E_NOT_FOUND) {
        return OK;
    }
    TRY(err);
    bool is_whole = str_split(&text, ' ', &after) && str_to_int(after, &out->after) == OK &&
                    str_to_int(text, &out->added) == OK;
    return is_whole ? OK : E_CORRUPT;
}

static enum err write_night(struct op *op, const struct night *night)
{
    return settings_put(
        op->db, night_setting,
        arena_printf(op->arena, "%lld %lld", (long long)night->after, (long long)night->added));
}

static enum err look_at_people(struct op *op, struct night *night, bool *is_done)
{
    struct list users = {0};
    TRY(users_page(op->db, op->arena, (struct id){night->after}, PEOPLE_A_TURN, &users));
    for (size_t i = 0; i < users.count; i++) {
        struct user user = ((const struct user *)users.items)[i];
        TRY(look_at_user(op, &user, &night->added));
        night->after = user.id.value;
    }
    *is_done = users.count < PEOPLE_A_TURN;
    return OK;
}

static enum err tell_of_night(struct op *op, int64_t added)
{
    struct operator_note note = {
        .key = arena_printf(op->arena, "lint:%lld", (long long)(op->now.us / DAYS(1).us)),
        .title = arena_printf(op->arena, "%lld new finding%s of the lint", (long long)added,
                              added == 1 ? "" : "s"),
        .text =
            arena_printf(op->arena,
                         "Looking over policies, people and schedules tonight found %lld "
                         "thing%s that may not work as meant. GET %.*s/api/v1/lint lists them.",
                         (long long)added, added == 1 ? "" : "s", STR_FMT(op->site->public_url)),
    };
    return added == 0 ? OK : operator_tell(op, &note);
}

static struct instant next_night(struct instant now)
{
    int64_t day = now.us / DAYS(1).us;
    struct instant night = {day * DAYS(1).us + HOURS(NIGHT_HOUR).us};
    return instant_before(now, night) ? night : instant_add(night, DAYS(1));
}

enum err lint_at_night(struct op *op, struct timer *timer)
{
    struct night night = {0};
    bool is_done = false;
    TRY(read_night(op, &night));
    if (night.after == 0) {
        TRY(look_at_policies(op, &night.added));
        TRY(look_at_schedules(op, &night.added));
    }
    TRY(look_at_people(op, &night, &is_done));
    if (!is_done) {
        timer_run_again(op, timer, op->now);
        return write_night(op, &night);
    }
    TRY(tell_of_night(op, night.added));
    op_log(op, LOG_INFO, LOG_RULE_ENGINE, "lint: all looked over, %lld new findings",
           (long long)night.added);
    TRY(settings_put(op->db, last_run_setting,
                     arena_printf(op->arena, "%lld", (long long)instant_ms(op->now))));
    timer_run_again(op, timer, next_night(op->now));
    return write_night(op, &(struct night){0});
}

enum err lint_arm(struct op *op)
{
    struct timer timer = {0};
    enum err err = timers_of_subject(op->db, op->arena, timer_kind_NIGHTLY, whole_house, &timer);
    if (err != E_NOT_FOUND) {
        return err;
    }
    return timer_arm(op, (struct timer_request){timer_kind_NIGHTLY, whole_house,
                                                next_night(op->now), PRIORITY_LOW});
}

static enum err read_last_run(struct op *op, struct instant *out)
{
    struct str text = STR_NONE;
    int64_t ms = 0;
    enum err err = settings_get(op->db, op->arena, last_run_setting, &text);
    if (err == E_NOT_FOUND) {
        return OK;
    }
    TRY(err);
    TRY(str_to_int(text, &ms) == OK ? OK : E_CORRUPT);
    *out = instant_from_ms(ms);
    return OK;
}

enum err list_findings(struct op *op, const void *input, void *output)
{
    const struct lint_list_input *wanted = input;
    struct lint_list *out = output;
    struct finding_page page = {.subject_type = wanted->subject_type,
                                .code = wanted->code,
                                .limit = page_limit(wanted->limit) + 1};
    TRY(op_may_read(op, ID_NONE));
    TRY(op_cursor(op, wanted->cursor, &page.after));
    TRY(findings_page(op->db, op->arena, &page, &out->findings, &out->total));
    TRY(read_last_run(op, &out->last_run_at));
    const struct lint_finding *findings = out->findings.items;
    if (page_trim(&out->findings, page.limit - 1)) {
        out->cursor = op_cursor_text(op, findings[out->findings.count - 1].id);
    }
    return OK;
}
