/* What goes wrong in a random life, by the table faults.def. */
#include "sim/life.h"

#include <stdio.h>
#include <string.h>

enum { THOUSAND = 1000 };

enum fault_port {
    FAULT_PORT_DISK,
    FAULT_PORT_SERVER,
    FAULT_PORT_CLOCK,
    FAULT_PORT_PROVIDER,
    FAULT_PORT_MOCK,
    FAULT_PORT_FEED
};

static const struct {
    const char *name;
    int in_a_thousand;
    enum fault_port port;
    const char *detail;
    const char *sentence;
} faults[] = {
#define FAULT(name, in_a_thousand, port, detail, sentence) \
    {#name, in_a_thousand, FAULT_PORT_##port, detail, sentence},
#include "sim/faults.def"
#undef FAULT
};

/* "1-40", or "-3600--3600", as a number in between. */
static int64_t read_number(struct life *life, struct str range)
{
    int64_t low = 0;
    int64_t high = 0;
    size_t dash = str_find_byte(range, '-', 1);
    bool is_range = str_to_int(str_slice(range, 0, dash), &low) == OK &&
                    str_to_int(str_slice(range, dash + 1, range.len), &high) == OK;
    return is_range ? rng_between(&life->rng, low, high) : 0;
}

static void fail_disk(struct life *life, struct str detail)
{
    struct faulty_store *store = &life->world->store;
    size_t space = str_find_byte(detail, ' ', 0);
    struct str word = str_slice(detail, 0, space);
    int64_t number = read_number(life, str_slice(detail, space + 1, detail.len));
    struct {
        const char *word;
        int64_t *count;
        const char *said;
    } const counts[] = {{"refuse", &store->refuse, "disk full"},
                        {"unheard", &store->unheard_in, "disk unheard"},
                        {"write", &store->write_in, "disk write"},
                        {"undo", &store->write_in, "disk undo"},
                        {"conflict", &store->conflict_in, "disk conflict"},
                        {"before", &store->crash_in, "crash before"},
                        {"after", &store->crash_in, "crash after"},
                        {"power", &store->power_in, "crash power"}};
    if (str_equal_text(word, "well")) {
        faulty_store_mend(store);
        life_note(life, "disk ok");
        return;
    }
    if (str_equal_text(word, "full")) {
        store->refuse = REFUSE_ALL;
        life_note(life, "disk full");
        return;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(counts); i++) {
        if (str_equal_text(word, counts[i].word)) {
            *counts[i].count = number;
            store->crash_after = str_equal_text(word, "after");
            store->write_undoes = str_equal_text(word, "undo");
            life_note(life, "%s %lld", counts[i].said, (long long)number);
            life_say(life, "%s %lld", counts[i].said, (long long)number);
        }
    }
}

/* A server cannot start while its disk takes nothing; somebody makes room first. */
static void restart(struct life *life, int64_t seconds)
{
    life_note(life, "stop");
    world_stop(life->world);
    life_pass(life, SECONDS(seconds));
    life_note(life, "disk ok");
    life_note(life, "start");
    faulty_store_mend(&life->world->store);
    if (world_start(life->world) != OK) {
        snprintf(life->failure, sizeof life->failure, "the server does not start: %s",
                 life->world->problem.message);
    }
    world_settle(life->world);
}

static void fail_provider(struct life *life, const char *detail)
{
    const char *brand = rng_chance(&life->rng, 1, 3) ? "plivo" : "twilio";
    if (life->has_carrier) {
        life_carrier_says(life, "%s %s", brand, detail);
    }
}

static void fail_mock(struct life *life, const char *detail)
{
    const struct life_person *person = life_person(life);
    struct str callee = life_callee_number(life);
    char channel[16] = "";
    size_t space = str_find_byte(str_from(detail), ' ', 0);
    snprintf(channel, sizeof channel, "%.*s", (int)space, detail);
    bool is_call = strcmp(channel, "CALL") == 0;
    bool is_mail = strcmp(channel, "EMAIL") == 0;
    if (!life->has_carrier || is_mail) {
        bool is_callee = is_call && rng_chance(&life->rng, 1, 2);
        life_mock(life,
                  is_callee ? callee
                  : is_mail ? person->email
                            : person->phone,
                  channel, detail + space + 1);
    }
}

static void fail(struct life *life, size_t which)
{
    const char *detail = faults[which].detail;
    int64_t seconds = 0;
    life_say(life, "fault %s: %s", faults[which].name, faults[which].sentence);
    switch (faults[which].port) {
    case FAULT_PORT_DISK:
        fail_disk(life, str_from(detail));
        break;
    case FAULT_PORT_SERVER:
        restart(life, read_number(life, str_from(detail)));
        break;
    case FAULT_PORT_CLOCK:
        seconds = read_number(life, str_from(detail));
        life_note(life, "clock step %llds", (long long)seconds);
        world_step_clock(life->world, SECONDS(seconds).us);
        break;
    case FAULT_PORT_PROVIDER:
        fail_provider(life, detail);
        break;
    case FAULT_PORT_MOCK:
        fail_mock(life, detail);
        break;
    case FAULT_PORT_FEED:
        life_feed_fault(life, detail);
        break;
    }
}

/* The fault of the present random numbers; the number of faults for none. */
static size_t draw(struct life *life)
{
    int at = (int)rng_below(&life->rng, THOUSAND);
    size_t which = 0;
    while (which < ARRAY_LENGTH(faults) && at >= faults[which].in_a_thousand) {
        at -= faults[which].in_a_thousand;
        which++;
    }
    return which;
}

void life_fault(struct life *life)
{
    size_t which = draw(life);
    if (which < ARRAY_LENGTH(faults)) {
        fail(life, which);
    }
}

size_t life_fault_at(uint64_t seed, int64_t step)
{
    struct life asked = {.rng = life_rng(seed, MOVE_FAULT, step)};
    return draw(&asked);
}

size_t life_fault_count(void)
{
    return ARRAY_LENGTH(faults);
}

void life_faults_help(void)
{
    for (size_t i = 0; i < ARRAY_LENGTH(faults); i++) {
        printf("  %-18s %3d of 1000 steps  %s\n", faults[i].name, faults[i].in_a_thousand,
               faults[i].sentence);
    }
}
