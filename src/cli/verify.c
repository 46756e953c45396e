#include "service/verify.h"
#include "cli/command.h"
#include "model/json.h"

#include <stdio.h>

struct verifying {
    struct plant plant;
    struct arena *arena;
    struct problem problem;
    struct verify_input period;
    bool is_json;
};

static bool take_time(struct verifying *verifying, const struct arguments *arguments,
                      const char *name, struct instant *out)
{
    const char *text = take_option(arguments, name);
    if (text == NULL || instant_parse(str_from(text), out) == OK) {
        return true;
    }
    problem_set(&verifying->problem, E_INVALID, name,
                "must be a time such as 2026-01-05T09:00:00Z");
    say_problem("verify", &verifying->problem);
    return false;
}

static void show_group(const struct verify_group *group)
{
    printf("%-14s %lld due: %lld on time, %lld late", group->kind.ptr, (long long)group->due,
           (long long)group->on_time, (long long)group->late);
    if (group->late > 0) {
        printf(" (at most %lld ms)", (long long)group->late_max_ms);
    }
    printf(", %lld skipped, %lld cancelled, %lld failed, %lld under way, %lld lost",
           (long long)group->skipped, (long long)group->cancelled, (long long)group->failed,
           (long long)group->under_way, (long long)group->lost);
    if (group->moved > 0) {
        printf("; %lld moved to another time", (long long)group->moved);
    }
    printf("\n");
}

static void show_report(const struct verify_report *report)
{
    char from[INSTANT_TEXT_MAX];
    char to[INSTANT_TEXT_MAX];
    const struct verify_group *groups = report->groups.items;
    const struct verify_reason *reasons = report->skipped.items;
    printf("From %.*s to %.*s\n", STR_FMT(instant_format(report->from, from)),
           STR_FMT(instant_format(report->to, to)));
    for (size_t i = 0; i < report->groups.count; i++) {
        show_group(&groups[i]);
    }
    for (size_t i = 0; i < report->skipped.count; i++) {
        printf("  skipped %lld of %.*s: %.*s\n", (long long)reasons[i].count,
               STR_FMT(reasons[i].kind), STR_FMT(reasons[i].reason));
    }
    printf("%lld sent once more after an unknown fate, %lld timers in quarantine, %lld dispatches "
           "stuck\n",
           (long long)report->repeated, (long long)report->quarantined,
           (long long)report->dispatches_stuck);
    if (report->counters_wrong > 0) {
        printf("%lld counters are not what the rows say\n", (long long)report->counters_wrong);
    }
    printf("%lld due, %lld accounted for, %lld lost.\n", (long long)report->due,
           (long long)(report->due + report->dispatches_stuck - report->lost),
           (long long)report->lost);
}

static void show_json(const struct verifying *verifying, const struct verify_report *report)
{
    struct buf text = {.arena = verifying->arena};
    struct json_context context = {.arena = verifying->arena,
                                   .id_key = verifying->plant.site.id_key};
    record_to_json(&context, &text, &verify_report_record, report);
    printf("%.*s\n", STR_FMT(buf_str(&text)));
}

static enum exit_code account(struct verifying *verifying)
{
    struct verify_report report = {0};
    struct plant *plant = &verifying->plant;
    enum err err = plant_open(plant, PLANT_READ_ONLY, &verifying->problem);
    if (err == OK) {
        struct op op = {.now = plant->site.clock.now(plant->site.clock.context),
                        .arena = verifying->arena,
                        .db = plant->db,
                        .site = &plant->site,
                        .actor = {.name = STR("cli"), .scope = key_scope_ADMIN},
                        .problem = &verifying->problem};
        err = show_verify(&op, &verifying->period, &report);
    }
    if (err != OK) {
        say_problem("verify", &verifying->problem);
        return EXIT_FAILED;
    }
    if (verifying->is_json) {
        show_json(verifying, &report);
    } else {
        show_report(&report);
    }
    return report.is_whole ? EXIT_DONE : EXIT_FOUND;
}

enum exit_code run_verify(const struct arguments *arguments)
{
    struct verifying verifying = {0};
    enum exit_code code = EXIT_USAGE;
    if (!take_time(&verifying, arguments, "--from", &verifying.period.from) ||
        !take_time(&verifying, arguments, "--to", &verifying.period.to)) {
        return EXIT_USAGE;
    }
    verifying.is_json = take_flag(arguments, "--json");
    if (!load_plant(arguments, &verifying.plant)) {
        return EXIT_USAGE;
    }
    verifying.arena = arena_new();
    if (all_taken(arguments, command_named("verify"))) {
        code = account(&verifying);
    }
    plant_close(&verifying.plant);
    arena_free(&verifying.arena);
    return code;
}
