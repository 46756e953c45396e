#include "service/lint.h"

#include "service/engine.h"
#include "service/lint_checks.h"
#include "service/operator.h"
#include "service/policies.h"
#include "store/oncall.h"
#include "store/people.h"
#include "store/policies.h"
#include "store/settings.h"

/* A portion of a night: a few milliseconds each. */
enum { POLICIES_A_TURN = 20, SCHEDULES_A_TURN = 10, PEOPLE_A_TURN = 200 };

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

enum err lint_some_policies(struct op *op, struct night_walk *walk)
{
    struct policy_list_input wanted = {.limit = POLICIES_A_TURN};
    struct policy_list page = {0};
    if (id_is_set(walk->after)) {
        wanted.cursor = op_cursor_text(op, walk->after);
    }
    TRY(list_policies(op, &wanted, &page));
    struct policy *policies = ARENA_NEW_ARRAY(op->arena, struct policy, page.policies.count + 1);
    for (size_t i = 0; i < page.policies.count; i++) {
        policies[i] = ((const struct policy *)page.policies.items)[i];
        TRY(look_at_policy(op, &policies[i], &walk->added));
        walk->after = policies[i].id;
    }
    walk->is_done = !str_is_set(page.cursor);
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

enum err lint_some_schedules(struct op *op, struct night_walk *walk)
{
    struct schedule_page page = {
        .after = walk->after, .id_key = op->site->id_key, .limit = SCHEDULES_A_TURN};
    struct list schedules = {0};
    TRY(schedules_page(op->db, op->arena, &page, &schedules));
    for (size_t i = 0; i < schedules.count; i++) {
        const struct schedule *schedule = &((const struct schedule *)schedules.items)[i];
        TRY(look_at_schedule(op, schedule, &walk->added));
        walk->after = schedule->id;
    }
    walk->is_done = schedules.count < SCHEDULES_A_TURN;
    return OK;
}

enum err lint_some_people(struct op *op, struct night_walk *walk)
{
    struct list users = {0};
    TRY(users_page(op->db, op->arena, walk->after, PEOPLE_A_TURN, &users));
    for (size_t i = 0; i < users.count; i++) {
        struct user user = ((const struct user *)users.items)[i];
        TRY(look_at_user(op, &user, &walk->added));
        walk->after = user.id;
    }
    walk->is_done = users.count < PEOPLE_A_TURN;
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

enum err lint_ended(struct op *op, int64_t added)
{
    TRY(tell_of_night(op, added));
    op_log(op, LOG_INFO, LOG_RULE_ENGINE, "lint: all looked over, %lld new findings",
           (long long)added);
    return settings_put(op->db, last_run_setting,
                        arena_printf(op->arena, "%lld", (long long)instant_ms(op->now)));
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
    if (page_trim(op, &out->findings, page.limit - 1)) {
        out->cursor = op_cursor_text(op, findings[out->findings.count - 1].id);
    }
    return OK;
}
