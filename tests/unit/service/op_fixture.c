#include "op_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct instant clock_now(void *context)
{
    return ((struct op_fixture *)context)->now;
}

static void add_people(struct op_fixture *f)
{
    f->user = store_user(f->store, "Ana", "+34600111222");
    f->user.email = STR("ana@example.com");
    f->meeting = store_meeting(f->store, f->user.id, "weekly", 60);
    store_insert(f->store, TABLE_users, &f->user);
    store_insert(f->store, TABLE_meetings, &f->meeting);
}

int op_set_up(void **state)
{
    void *store = NULL;
    if (store_set_up_memory(&store) != 0) {
        return 1;
    }
    struct op_fixture *f = test_calloc(1, sizeof *f);
    f->store = store;
    f->now = store_time(0);
    f->site = (struct site){
        .features = {true, true, true, true, true},
        .grace = MINUTES(5),
        .retry_attempts = 3,
        .retry_first = SECONDS(2),
        .finished_keep = SECONDS_INIT(86400),
        .finished_keep_count = 1000,
        .failed_keep = SECONDS_INIT(7 * 86400),
        .default_timezone = STR("UTC"),
        .business_start = STR("09:00"),
        .business_end = STR("17:00"),
        .seal = f->store->seal,
        .clock = {f, clock_now},
        .stats = &f->stats,
    };
    for (int channel = channel_EMAIL; channel <= channel_CALL; channel++) {
        f->site.providers[channel] = &provider_mock;
    }
    assert_int_equal(zoneinfo_open(NULL, &f->site.zones, &f->problem), OK);
    f->site.rules.stage_count = stages_default(f->site.rules.stages);
    retry_default(&f->site.rules.retries);
    f->op = (struct op){.now = f->now,
                        .arena = f->store->arena,
                        .db = f->store->db,
                        .site = &f->site,
                        .writer = &f->writer,
                        .actor = {.name = STR("test"), .scope = key_scope_ADMIN},
                        .problem = &f->problem};
    add_people(f);
    *state = f;
    return 0;
}

int op_tear_down(void **state)
{
    struct op_fixture *f = *state;
    void *store = f->store;
    writer_free(&f->writer);
    zoneinfo_free(&f->site.zones);
    test_free(f);
    return store_tear_down(&store);
}

size_t count_effects(const struct op_fixture *f, enum effect_kind kind)
{
    size_t count = 0;
    for (size_t i = 0; i < f->writer.effects.count; i++) {
        count += f->writer.effects.items[i].kind == kind;
    }
    return count;
}

size_t count_events(struct op_fixture *f, const char *action)
{
    struct list events = {0};
    int64_t total = 0;
    struct audit_page page = {.limit = 1000};
    size_t count = 0;
    assert_int_equal(audit_page(f->store->db, f->store->arena, &page, &events, &total), OK);
    for (size_t i = 0; i < events.count; i++) {
        count += str_equal_text(((const struct audit_event *)events.items)[i].action, action);
    }
    return count;
}
