/* Says who is on call, minute by minute, for oncall_oracle.py to compare with a brute force.
 *
 * Reads cases from standard input, one word after another, minutes counted from 1970 in UTC:
 *   zone NAME
 *   layer KIND INTERVAL HANDOFF DAY START END MEMBERS…       (KIND H, D or W; END 0 for none;
 * members end with 0) window FROM UNTIL DAYS                                    (of the layer
 * before) override START END MEMBER                                 (MEMBER 0: nobody) go FROM TO
 * prints "MINUTE MEMBER" at each change, then "end" Members are numbers from 1; a negative one was
 * removed. Beside oncall_at it walks the spans and asks for the next change: where these say
 * something else, a line begins with "X". */
#include "domain/oncall.h"

#include "lib/oracle_words.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OVERRIDES_MAX = 16 };

struct world {
    struct zoneinfo *zones;
    struct oncall_schedule schedule;
    struct oncall_layer layers[ONCALL_LAYERS_MAX];
    struct oncall_member members[ONCALL_LAYERS_MAX][ONCALL_MEMBERS_MAX];
    struct oncall_window windows[ONCALL_LAYERS_MAX][ONCALL_WINDOWS_MAX];
    struct oncall_override overrides[OVERRIDES_MAX];
};

static struct instant next_minute(void)
{
    return (struct instant){next_number() * 60 * 1000000};
}

static struct oncall_member member_of(int64_t number)
{
    return (struct oncall_member){.user = {llabs(number)}, .is_removed = number < 0};
}

static void read_layer(struct world *world)
{
    char kind = next_letter();
    size_t at = world->schedule.layer_count++;
    struct oncall_layer *layer = &world->layers[at];
    *layer = (struct oncall_layer){
        .kind = kind == 'H'   ? rotation_kind_HOURLY
                : kind == 'D' ? rotation_kind_DAILY
                              : rotation_kind_WEEKLY,
        .members = world->members[at],
        .windows = world->windows[at],
    };
    layer->interval = next_number();
    layer->handoff_minute = (int)next_number();
    layer->handoff_day = (int)next_number();
    layer->start = next_minute();
    layer->end = next_minute();
    for (int64_t number = next_number(); number != 0; number = next_number()) {
        world->members[at][layer->member_count++] = member_of(number);
    }
}

static void read_window(struct world *world)
{
    size_t at = world->schedule.layer_count - 1;
    struct oncall_window *window = &world->windows[at][world->layers[at].window_count++];
    window->from = (int)next_number();
    window->until = (int)next_number();
    window->days = (unsigned)next_number();
}

static void read_override(struct world *world)
{
    struct oncall_override *override = &world->overrides[world->schedule.override_count++];
    override->start = next_minute();
    override->end = next_minute();
    override->member = member_of(next_number());
}

/* The walk must have its borders where the minutes differ. */
static void check_walk(const struct world *world, struct instant from, struct instant to)
{
    struct oncall_walk walk = oncall_walk(&world->schedule, from, to);
    struct oncall_span span;
    struct instant end = from;
    while (oncall_walk_next(&walk, &span)) {
        struct instant last = {span.end.us - 1};
        struct oncall_answer first = oncall_at(&world->schedule, span.start);
        struct oncall_answer latest = oncall_at(&world->schedule, last);
        if (span.start.us != end.us || !id_equal(first.user, span.answer.user) ||
            !id_equal(latest.user, span.answer.user)) {
            printf("X a span at %" PRId64 "\n", span.start.us / 60000000);
        }
        end = span.end;
    }
    if (end.us != to.us) {
        printf("X the walk ends at %" PRId64 "\n", end.us / 60000000);
    }
}

static void go(struct world *world)
{
    struct instant from = next_minute();
    struct instant to = next_minute();
    struct instant change = from;
    int64_t before = -1;
    for (struct instant at = from; at.us < to.us; at = instant_add(at, MINUTES(1))) {
        int64_t user = oncall_at(&world->schedule, at).user.value;
        if (user != before) {
            printf("%" PRId64 " %" PRId64 "\n", at.us / 60000000, user);
            while (change.us < at.us && oncall_next_change(&world->schedule, change, &change)) {
            }
            if (change.us != at.us) {
                printf("X no change is announced at %" PRId64 "\n", at.us / 60000000);
            }
        }
        before = user;
    }
    check_walk(world, from, to);
    printf("end\n");
}

static void read_zone(struct world *world)
{
    struct zoneinfo *zones = world->zones;
    memset(world, 0, sizeof *world);
    world->zones = zones;
    world->schedule.zone = next_zone(zones);
    world->schedule.layers = world->layers;
    world->schedule.overrides = world->overrides;
}

int main(void)
{
    static const struct oracle_verb verbs[] = {{"zone", read_zone},
                                               {"layer", read_layer},
                                               {"window", read_window},
                                               {"override", read_override},
                                               {"go", go}};
    struct world world = {.zones = oracle_zones()};
    oracle_answer(&world, verbs, ARRAY_LENGTH(verbs));
    zoneinfo_free(&world.zones);
    return 0;
}
