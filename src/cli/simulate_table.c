#include "cli/simulate_table.h"

#include <stdio.h>
#include <string.h>

enum { TEXT_COLUMN = 45, ENDS_SHOWN = 10 };

/* "INCIDENT_OPENED" as "opened". */
static void print_word(struct str word)
{
    if (str_starts(word, STR("INCIDENT_"))) {
        word = str_slice(word, STR("INCIDENT_").len, word.len);
    }
    for (size_t i = 0; i < word.len; i++) {
        char c = word.ptr[i];
        putchar(c == '_' ? ' ' : c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
}

static const char *channel_text(int channel)
{
    const char *name = enum_name(&channel_names, channel);
    return name == NULL ? "nothing" : name;
}

/* "level 3" or, where there is more than one of it, "level 3 of round 2, target 2, time 4". */
static void print_step(const struct simulated_step *step)
{
    printf("level %lld", (long long)step->level);
    if (step->round > 1) {
        printf(" of round %lld", (long long)step->round);
    }
    if (step->target > 0) {
        printf(", target %lld", (long long)step->target + 1);
    }
    if (step->time > 0) {
        printf(", time %lld", (long long)step->time + 1);
    }
}

static void print_way(const struct simulated_entry *entry, const char *planned)
{
    const char *channel = channel_text(entry->channel);
    printf(": %s", planned == NULL ? channel : planned);
    if (planned != NULL && strcmp(planned, channel) != 0) {
        printf(" by %s", channel);
    }
    if (str_is_set(entry->person)) {
        printf(" to %.*s", STR_FMT(entry->person));
    }
}

static void print_what(const struct simulated_entry *entry)
{
    const struct simulated_step *step = entry->step;
    const struct simulated_message *message = entry->message;
    switch ((enum simulated_kind)entry->kind) {
    case simulated_kind_INCIDENT:
        printf("incident \"%.*s\"", STR_FMT(entry->about));
        break;
    case simulated_kind_CHECKIN:
        printf("%.*s about \"%.*s\"", STR_FMT(entry->person), STR_FMT(entry->about));
        break;
    case simulated_kind_ALERT:
        printf("stage %.*s", STR_FMT(entry->alert_type));
        print_way(entry, NULL);
        break;
    case simulated_kind_STEP:
        print_step(step);
        print_way(entry, enum_name(&step_type_names, step->type));
        break;
    case simulated_kind_MESSAGE:
        printf("  %s %lld to %.*s%s%.*s", channel_text(entry->channel), (long long)message->number,
               STR_FMT(entry->person), str_is_set(entry->to) ? " " : "", STR_FMT(entry->to));
        break;
    case simulated_kind_ANSWER:
        printf("  %.*s answers %s %lld", STR_FMT(entry->person), channel_text(entry->channel),
               (long long)message->number);
        break;
    case simulated_kind_NONE:
    case simulated_kind_COUNT:
        break;
    }
}

/* The lines of a text, each in its column. */
static void print_text(struct str text)
{
    struct str line = STR_NONE;
    while (str_split(&text, '\n', &line)) {
        if (line.len > 0) {
            printf("%*s| %.*s\n", TEXT_COLUMN, "", STR_FMT(line));
        }
    }
}

static void print_instant(struct instant at)
{
    char text[INSTANT_TEXT_MAX];
    struct str iso = instant_format(at, text);
    printf("%.*s %.*sZ", 10, iso.ptr, 8, iso.ptr + 11);
}

static void print_timeline(const struct list *timeline, bool has_texts)
{
    const struct simulated_entry *entries = timeline->items;
    printf("%-20s  %-24s\n", "UTC", "on their clock");
    for (size_t i = 0; i < timeline->count; i++) {
        const struct simulated_entry *entry = &entries[i];
        print_instant(entry->at);
        printf("  %-24.*s ", STR_FMT(entry->local));
        print_what(entry);
        printf(": ");
        print_word(entry->outcome);
        if (str_is_set(entry->reason)) {
            printf(" (%.*s)", STR_FMT(entry->reason));
        }
        printf("\n");
        if (has_texts && str_is_set(entry->text)) {
            print_text(entry->text);
        }
    }
}

static void print_ends(const struct list *incidents)
{
    const struct simulated_end *ends = incidents->items;
    for (size_t i = 0; i < incidents->count && i < ENDS_SHOWN; i++) {
        const struct simulated_end *end = &ends[i];
        printf("  \"%.*s\": ", STR_FMT(end->title));
        print_word(str_from(enum_name(&incident_state_names, end->state)));
        printf(" since ");
        print_instant(end->at);
        if (str_is_set(end->by)) {
            printf(" (%.*s)", STR_FMT(end->by));
        }
        if (instant_is_set(end->exhausted_at)) {
            printf("; its ladder ran out at ");
            print_instant(end->exhausted_at);
        }
        printf("\n");
    }
    if (incidents->count > ENDS_SHOWN) {
        printf("  and %zu more incidents\n", incidents->count - ENDS_SHOWN);
    }
}

static void print_counts(int64_t messages, int64_t calls)
{
    printf("%lld message%s and %lld call%s", (long long)messages, messages == 1 ? "" : "s",
           (long long)calls, calls == 1 ? "" : "s");
}

static void print_reached(const struct list *reached)
{
    const struct simulated_reach *people = reached->items;
    for (size_t i = 0; i < reached->count; i++) {
        const struct simulated_reach *who = &people[i];
        printf("  %.*s from ", STR_FMT(who->person));
        print_instant(who->at);
        printf(" (%.*s): ", STR_FMT(who->local));
        print_counts(who->messages, who->calls);
        printf("\n");
    }
    if (reached->count == 0) {
        printf("  nobody is reached\n");
    }
}

void print_simulation(const struct simulation *simulation, bool has_texts)
{
    const struct simulated_run *nobody = simulation->nobody;
    const struct lint_finding *findings = simulation->warnings.items;
    printf("policy %.*s from ", STR_FMT(simulation->policy));
    print_instant(simulation->start);
    printf(" to ");
    print_instant(simulation->until);
    printf(", zone %.*s\n\n", STR_FMT(simulation->timezone));
    print_timeline(&simulation->timeline, has_texts);
    printf("\nat the end\n");
    print_ends(&simulation->incidents);
    printf("reached, by ");
    print_counts(simulation->messages, simulation->calls);
    printf("\n");
    print_reached(&simulation->reached);
    printf("\nif nobody answers\n");
    print_ends(&nobody->incidents);
    print_reached(&nobody->reached);
    if (simulation->warnings.count > 0) {
        printf("\nwarnings\n");
    }
    for (size_t i = 0; i < simulation->warnings.count; i++) {
        printf("  %s: %.*s: %.*s\n", enum_name(&lint_code_names, findings[i].code),
               STR_FMT(findings[i].member), STR_FMT(findings[i].message));
    }
}
