#include "sim/invariants.h"

#include "sim/archives.h"
#include "sim/invariants_calls.h"
#include "sim/invariants_memory.h"
#include "store/audit.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PHONE_DIGITS_MIN = 8, AUDIT_SHORT = 100, FACTS_FROM = 1000000, ROWS_A_LOOK = 4000 };

enum when { ALWAYS, AT_REST };

static const struct {
    enum when when;
    const char *sentence;
    const char *sql;
} rules[] = {
#define INVARIANT(when, sentence, sql) {when, sentence, sql},
#include "sim/invariants.def"
#undef INVARIANT
};

/* By which a look knows that there is nothing new; no padding. */
struct look {
    struct instant now;
    int64_t commits;
    int64_t starts;
    size_t lines;
    size_t log_bytes;
    size_t facts;
};

struct invariants {
    const struct driver *driver; /* That made the statements. */
    struct look last;
    bool is_open;
    bool is_at_rest;
    size_t journal_seen;
    size_t facts_seen;
    size_t log_seen;
    int64_t archived_bytes;
    int64_t audit_walked;
    int64_t epoch;         /* Of the server's starts and its clock. */
    struct instant latest; /* That our clock has shown. */
    int64_t looks_left;    /* Until all is looked at again. */
    struct driver_statement *statements[ARRAY_LENGTH(rules)];
};

static const char set_up[] =
    "CREATE TEMP TABLE journal (n @int, kind TEXT, at @int, channel TEXT, wire_id @int,"
    " repeat @int, quiet @int, is_claimed @int, is_excused @int,"
    " outside @int@row);"
    "CREATE TEMP TABLE world (now @int, grace @int, paced @int, has_account @int,"
    " stages @int);"
    "INSERT INTO world VALUES (0, 0, 0, 0, 0);"
    "CREATE TEMP TABLE sends (n @int, at @int, channel TEXT, step_id @int,"
    " meeting_id @int, user_id @int, target TEXT, due_at @int, valid_until @int,"
    " is_repeat @int, message_id @int@row);"
    "CREATE INDEX sends_by_step ON sends (step_id);"
    "CREATE TEMP TABLE look (journal_from @int, sends_from @int, audit_from @int,"
    " pace_from @int);"
    "INSERT INTO look VALUES (0, 0, 0, 0);"
    "CREATE TEMP VIEW new_journal AS SELECT * FROM journal"
    " WHERE rowid>(SELECT journal_from FROM look);"
    "CREATE TEMP VIEW new_sends AS SELECT * FROM sends"
    " WHERE rowid>(SELECT sends_from FROM look);"
    "CREATE TEMP TABLE present (kind TEXT, id @int, state TEXT, PRIMARY KEY (kind, id));"
    "CREATE TEMP TABLE was (kind TEXT, id @int, state TEXT, PRIMARY KEY (kind, id));"
    "CREATE TEMP TABLE archived (source TEXT, id @int, meeting_id @int);"
    "CREATE INDEX archived_by_id ON archived (id);"
    "CREATE TEMP TABLE ranks (kind TEXT, state TEXT, rank @int, is_end @int,"
    " PRIMARY KEY (kind, state));"
    "INSERT INTO ranks VALUES ('message', 'QUEUED', 0, 0), ('message', 'SENDING', 1, 0),"
    " ('message', 'SENT', 2, 0), ('message', 'DELIVERED', 3, 1), ('message', 'UNDELIVERED', 3, 1),"
    " ('message', 'FAILED', 3, 1), ('message', 'ANSWERED', 3, 1), ('message', 'NO_ANSWER', 3, 1),"
    " ('message', 'BUSY', 3, 1), ('message', 'CANCELLED', 3, 1),"
    " ('receipt', '', 0, 0), ('receipt', 'ACCEPTED', 1, 0), ('receipt', 'LEFT', 2, 0),"
    " ('receipt', 'REACHED', 3, 0), ('receipt', 'HUMAN', 4, 0), ('receipt', 'CONFIRMED', 5, 0),"
    " ('alert', 'PENDING', 0, 0), ('alert', 'SENDING', 1, 0), ('alert', 'DELIVERED', 2, 1),"
    " ('alert', 'FAILED', 2, 1), ('alert', 'SKIPPED', 2, 1), ('alert', 'CANCELLED', 2, 1),"
    " ('step', 'PENDING', 0, 0), ('step', 'EXECUTED', 1, 1), ('step', 'FAILED', 1, 1),"
    " ('step', 'SKIPPED', 1, 1), ('step', 'CANCELLED', 1, 1),"
    " ('incident', 'OPEN', 0, 0), ('incident', 'ESCALATING', 1, 0),"
    " ('incident', 'ACKNOWLEDGED', 2, 0), ('incident', 'RESOLVED', 3, 1),"
    " ('incident', 'CANCELLED', 3, 1),"
    " ('dispatch', 'NEW', 0, 0), ('dispatch', 'DISPATCHING', 1, 0),"
    " ('dispatch', 'EXHAUSTED', 2, 0), ('dispatch', 'ACCEPTED', 3, 0),"
    " ('dispatch', 'CANCELLED', 4, 1), ('dispatch', 'COMPLETED', 4, 1),"
    " ('call', 'pending', 0, 0), ('call', 'processing', 1, 0), ('call', 'completed', 2, 1),"
    " ('call', 'failed', 2, 1), ('call', 'cancelled', 2, 1),"
    " ('timer', 'PENDING', 0, 0), ('timer', 'ACTIVE', 0, 0), ('timer', 'COMPLETED', 1, 1),"
    " ('timer', 'FAILED', 1, 1), ('timer', 'CANCELLED', 1, 1);"
    "CREATE TEMP TABLE edges (kind TEXT, a TEXT, b TEXT);"
    "INSERT INTO edges VALUES ('', '', '')"
#define EDGE(from, event, to) ", ('incident', '" #from "', '" #to "')"
#include "domain/incident.fsm.def"
#undef EDGE
#define EDGE(from, move, to) ", ('dispatch', '" #from "', '" #to "')"
#include "domain/dispatch.fsm.def"
#undef EDGE
    ";CREATE TEMP TABLE ways (kind TEXT, a TEXT, b TEXT, PRIMARY KEY (kind, a, b));"
    "WITH RECURSIVE way (kind, a, b) AS (SELECT kind, a, b FROM edges UNION SELECT w.kind, w.a, e.b"
    " FROM way w JOIN edges e ON e.kind=w.kind AND e.a=w.b) INSERT INTO ways SELECT * FROM way"
    " WHERE a<>b;";

static const char look_around[] =
    "DELETE FROM present;"
    "INSERT INTO present SELECT 'message' AS kind, id, state FROM messages"
    " UNION ALL SELECT 'receipt', id, coalesce(receipt_level, '') FROM messages"
    " UNION ALL SELECT 'alert', id, status FROM alerts"
    " UNION ALL SELECT 'step', id, status FROM steps"
    " UNION ALL SELECT 'incident', id, state FROM incidents"
    " UNION ALL SELECT 'timer', id, state FROM timers"
    " UNION ALL SELECT 'dispatch', id, state FROM dispatches"
    " UNION ALL SELECT 'call', id, status FROM scheduled_calls"
    " UNION ALL SELECT 'dispatch_event', id, '' FROM dispatch_events"
    " UNION ALL SELECT 'meeting', id, '' FROM meetings"
    " UNION ALL SELECT 'checkin', id, '' FROM checkins";

struct invariants *invariants_new(void)
{
    struct invariants *invariants = calloc(1, sizeof *invariants);
    if (invariants == NULL) {
        abort();
    }
    return invariants;
}

void invariants_free(struct invariants **invariants)
{
    for (size_t i = 0; i < ARRAY_LENGTH(rules); i++) {
        if ((*invariants)->statements[i] != NULL) {
            (*invariants)->driver->forget(&(*invariants)->statements[i]);
        }
    }
    free(*invariants);
    *invariants = NULL;
}

static void execute(const struct world *world, const char *sql)
{
    struct problem problem = {0};
    if (world->store.inner->execute(world->store.keeper, sql, &problem) != OK) {
        fprintf(stderr, "tocsin-sim: %s: %s\n", problem.message, sql);
        abort();
    }
}

/* "22:00" as minutes; -1 for absent. */
static int minutes_of(const struct value *value)
{
    int64_t hours = 0;
    int64_t minutes = 0;
    if (value->type != VALUE_TEXT || str_to_int(str_slice(value->text, 0, 2), &hours) != OK ||
        str_to_int(str_slice(value->text, 3, 5), &minutes) != OK) {
        return -1;
    }
    return (int)(hours * 60 + minutes);
}

/* Whether a send is a call to a person inside quiet hours, by the wall clock where the person is;
 * but for a step whose policy says that it calls then too. */
static bool is_quiet(const struct world *world, struct arena *arena, struct id wire,
                     struct instant at)
{
    struct str sql = arena_printf(
        arena,
        "SELECT u.quiet_start, u.quiet_end, u.timezone FROM messages m JOIN users u ON "
        "u.id=m.user_id WHERE m.wire_id=%lld AND m.channel='CALL' AND m.target='PERSON' AND NOT "
        "EXISTS (SELECT 1 FROM steps s WHERE s.id=m.step_id AND s.overrides_quiet_hours=1)",
        (long long)wire.value);
    struct peek rows = peek_rows(&world->store, arena, sql.ptr, 3);
    if (rows.rows == 0) {
        return false;
    }
    int start = minutes_of(peek_cell(&rows, 0, 0));
    int end = minutes_of(peek_cell(&rows, 0, 1));
    struct str name = peek_cell(&rows, 0, 2)->text;
    if (start < 0 || end < 0) {
        return false;
    }
    const struct zone *zone =
        zoneinfo_find(world->zones, str_is_set(name) ? name : world->plant.site.default_timezone);
    struct civil wall = zone_to_civil(zone, at);
    int minute = wall.hour * 60 + wall.minute;
    return start <= end ? minute >= start && minute < end : minute >= start || minute < end;
}

/* What reached a carrier, whoever it was. */
struct journal_line {
    int64_t number;
    const char *kind;
    struct instant at;
    enum channel channel;
    struct id wire;
    int64_t repeat;
    struct str to;
    bool is_excused; /* We could not know of it, or could not stop it. */
};

/* A repeat may leave under the id of the message that it repeats: what leaves is of the newest that
 * was claimed. */
static void insert(const struct world *world, struct arena *arena, const struct journal_line *line)
{
    bool is_send = strcmp(line->kind, "send") == 0;
    bool quiet = is_send && is_quiet(world, arena, line->wire, line->at);
    bool outside = is_send && call_is_outside_hours(world, arena, line->wire, line->to, line->at);
    const char *channel =
        line->channel == channel_NONE ? "" : enum_name(&channel_names, (int)line->channel);
    struct str sql = arena_printf(
        arena,
        "INSERT INTO journal VALUES (%lld, '%s', %lld, '%s', %lld, %lld, %d,"
        " (SELECT count(*) FROM messages WHERE wire_id=%lld AND claimed_at IS NOT NULL), %d, %d);"
        "INSERT INTO sends SELECT %lld, %lld, channel, step_id, meeting_id, user_id, target,"
        " due_at, valid_until, is_repeat, id FROM messages WHERE wire_id=%lld AND %d=1"
        " ORDER BY claimed_at IS NULL, id DESC LIMIT 1",
        (long long)line->number, line->kind, (long long)instant_ms(line->at), channel,
        (long long)line->wire.value, (long long)line->repeat, quiet, (long long)line->wire.value,
        line->is_excused, outside, (long long)line->number, (long long)instant_ms(line->at),
        (long long)line->wire.value, is_send);
    execute(world, sql.ptr);
}

static void take_journal(struct invariants *invariants, const struct world *world,
                         struct arena *arena)
{
    static const char *const kinds[MOCK_LINE_KIND_COUNT] = {"send", "script", "used", "cancel"};
    for (; invariants->journal_seen < world->journal_count; invariants->journal_seen++) {
        const struct mock_line *line = &world->journal_lines[invariants->journal_seen];
        struct journal_line row = {.number = (int64_t)invariants->journal_seen + 1,
                                   .kind = kinds[line->kind],
                                   .at = line->at,
                                   .channel = line->channel,
                                   .repeat = line->repeat,
                                   .to = line->to};
        enum err ignored = id_parse(world->plant.site.id_key, line->attempt, &row.wire);
        (void)ignored; /* A line about a script names no attempt. */
        insert(world, arena, &row);
    }
}

static int64_t count_of(const struct carrier_fact *facts, size_t until)
{
    int64_t count = 1;
    for (size_t i = 0; i < until; i++) {
        count +=
            facts[i].kind == CARRIER_ACCEPTED && str_equal(facts[i].attempt, facts[until].attempt);
    }
    return count;
}

/* Our attempt behind a provider's fact: named by its callback URLs or, where nobody can call us, by
 * the message that has the provider's id. */
static struct id wire_of(const struct world *world, struct arena *arena,
                         const struct carrier_fact *fact)
{
    struct id wire = ID_NONE;
    if (id_parse(world->plant.site.id_key, fact->attempt, &wire) == OK) {
        return wire;
    }
    struct str sql = arena_printf(
        arena, "SELECT coalesce(max(wire_id), 0) FROM messages WHERE provider_id='%.*s'",
        STR_FMT(fact->id));
    return (struct id){peek_number(&world->store, arena, sql.ptr)};
}

/* What the providers know. False for what one of them would hold against us. */
static bool take_facts(struct invariants *invariants, const struct world *world,
                       struct arena *arena, struct str *broken)
{
    const struct carrier_fact *facts = NULL;
    size_t count = carrier_facts(world->carrier, &facts);
    for (; invariants->facts_seen < count; invariants->facts_seen++) {
        const struct carrier_fact *fact = &facts[invariants->facts_seen];
        struct journal_line row = {.number = FACTS_FROM + (int64_t)invariants->facts_seen,
                                   .kind = fact->kind == CARRIER_RANG ? "ring" : "send",
                                   .at = world_from_carrier(world, fact->at),
                                   .channel = fact->channel,
                                   .repeat = 1,
                                   .to = fact->number,
                                   .is_excused = fact->is_excused};
        if (fact->kind == CARRIER_WRONG) {
            *broken = arena_printf(arena, "A provider holds nothing against us (%.*s)",
                                   STR_FMT(fact->text));
            return false;
        }
        if (fact->kind != CARRIER_RANG && fact->kind != CARRIER_ACCEPTED) {
            continue;
        }
        row.wire = wire_of(world, arena, fact);
        if (fact->kind == CARRIER_ACCEPTED && str_is_set(fact->attempt)) {
            row.repeat = count_of(facts, invariants->facts_seen);
        }
        if (row.wire.value != 0) {
            insert(world, arena, &row);
        }
    }
    return true;
}

static void say(struct arena *arena, struct str *broken, const char *sentence, int64_t what)
{
    *broken = arena_printf(arena, "%s (%lld)", sentence, (long long)what);
}

/* What only something new can break. */
static bool is_of_news(const char *sql)
{
    return strstr(sql, "new_") != NULL || strstr(sql, "look.") != NULL;
}

static bool rules_hold(struct invariants *invariants, const struct world *world, bool is_whole,
                       struct arena *arena, struct str *broken)
{
    for (size_t i = 0; i < ARRAY_LENGTH(rules); i++) {
        bool is_left_out = !is_whole && !is_of_news(rules[i].sql);
        if (is_left_out || (rules[i].when == AT_REST && !invariants->is_at_rest)) {
            continue;
        }
        struct peek_query query = {rules[i].sql, 1, &invariants->statements[i]};
        struct peek rows = peek_again(&world->store, arena, &query);
        if (rows.rows > 0) {
            say(arena, broken, rules[i].sentence, peek_cell(&rows, 0, 0)->number);
            return false;
        }
    }
    return true;
}

/* A long trail is walked when it has grown, and not at each step. */
static bool audit_holds(struct invariants *invariants, const struct world *world,
                        struct arena *arena, struct str *broken)
{
    struct problem problem = {0};
    int64_t checked = 0;
    int64_t length = peek_number(&world->store, arena, "SELECT max(seq) FROM audit_events");
    int64_t more = invariants->audit_walked / 10;
    if (length > AUDIT_SHORT &&
        length < invariants->audit_walked + (more > AUDIT_SHORT ? more : AUDIT_SHORT)) {
        return true;
    }
    invariants->audit_walked = length;
    if (audit_verify(world->plant.db, &checked, &problem) == OK) {
        return true;
    }
    say(arena, broken, "The chain of the audit trail is whole.", checked);
    return false;
}

/* P6: no whole number, no key and no link's token is ever logged. */
static bool log_holds(struct invariants *invariants, struct world *world, struct arena *arena,
                      struct str *broken)
{
    struct str log = buf_str(&world->log);
    struct str fresh = str_slice(log, invariants->log_seen, log.len);
    invariants->log_seen = log.len;
    int digits = 0;
    for (size_t i = 0; i < fresh.len; i++) {
        bool is_digit = isdigit((unsigned char)fresh.ptr[i]) != 0;
        digits = fresh.ptr[i] == '+' ? 1 : is_digit && digits > 0 ? digits + 1 : 0;
        if (digits > PHONE_DIGITS_MIN) {
            say(arena, broken, "The log tells no whole number.", (int64_t)i);
            return false;
        }
    }
    size_t token = str_find(fresh, STR("/l/"));
    bool tells_token = token < fresh.len && isalnum((unsigned char)fresh.ptr[token + 3]);
    if (tells_token || str_contains(fresh, STR(WORLD_ADMIN_KEY))) {
        say(arena, broken, "The log tells no key and no token.", (int64_t)token);
        return false;
    }
    return true;
}

/* How many stages each plan has; 0 where a rules file changes them, since earlier plans stay. */
static size_t stages_of(const struct world *world)
{
    for (const char *const *setting = world->settings; *setting != NULL; setting++) {
        if (strncmp(*setting, "TOCSIN_RULES_FILE=", 18) == 0) {
            return 0;
        }
    }
    return world->plant.site.rules.stage_count;
}

/* A restart forgets the paces, and a clock that is stepped moves them: they are looked at from
 * there on. */
static void note_epoch(struct invariants *invariants, const struct world *world)
{
    int64_t epoch = world->starts * DAYS(1).us + world->skew_us;
    if (epoch != invariants->epoch) {
        execute(world, "UPDATE look SET pace_from=(SELECT coalesce(max(seq), 0) FROM audit_events),"
                       " audit_from=(SELECT coalesce(max(seq), 0) FROM audit_events)");
    }
    invariants->epoch = epoch;
}

/* Nothing was committed, sent, told or logged since the last look, and no time went by. */
static bool is_as_before(struct invariants *invariants, const struct world *world)
{
    const struct carrier_fact *ignored = NULL;
    struct look look = {world_now(world), world->store.commits,
                        world->starts,    world->journal_count,
                        world->log.len,   carrier_facts(world->carrier, &ignored)};
    bool is_same = memcmp(&look, &invariants->last, sizeof look) == 0;
    invariants->last = look;
    return is_same;
}

/* A look at all costs as much as there is. In a life so long that this would be most of it, only
 * what is new is looked at in between. */
static bool looks_at_all(struct invariants *invariants, const struct world *world,
                         struct arena *arena)
{
    if (invariants->looks_left-- > 0) {
        return false;
    }
    execute(world, look_around);
    int64_t rows = peek_number(&world->store, arena, "SELECT count(*) FROM present");
    /* What holds only at rest is to be looked at soon. */
    invariants->looks_left = rows / (invariants->is_at_rest ? ROWS_A_LOOK : ROWS_A_LOOK * 8);
    return true;
}

void invariants_look_at_all(struct invariants *invariants)
{
    invariants->looks_left = 0;
    invariants->last = (struct look){0};
}

bool invariants_hold(struct invariants *invariants, struct world *world, struct arena *arena,
                     struct str *broken)
{
    assert(world->is_up);
    if (!invariants->is_open) {
        const struct dialect *dialect = world->store.driver->dialect;
        execute(world, dialect_text(dialect, arena, str_from(set_up)).ptr);
        invariants->is_open = true;
        invariants->driver = world->store.inner;
    }
    if (is_as_before(invariants, world)) {
        return true;
    }
    take_journal(invariants, world, arena);
    if (!take_facts(invariants, world, arena, broken)) {
        return false;
    }
    invariants->latest = instant_max(invariants->latest, world_now(world));
    bool is_broken = atomic_load(&world->plant.stats.store_is_broken);
    invariants->is_at_rest = !is_broken && world_is_idle(world);
    struct instant later = INSTANT_NONE;
    bool is_paced = courier_next(executor_courier(world->room.executor), world_now(world), &later);
    struct str clock = arena_printf(
        arena, "UPDATE world SET now=%lld, grace=%lld, paced=%d, has_account=%d, stages=%lld",
        (long long)instant_ms(world_now(world)), (long long)duration_ms(world->plant.site.grace),
        is_paced, world_has_carrier(world, channel_CALL), (long long)stages_of(world));
    execute(world, clock.ptr);
    bool is_whole = looks_at_all(invariants, world, arena);
    note_epoch(invariants, world);
    bool holds = archives_hold(world, arena, &invariants->archived_bytes, broken) &&
                 rules_hold(invariants, world, is_whole, arena, broken) &&
                 log_holds(invariants, world, arena, broken) &&
                 (is_broken || !is_whole ||
                  (audit_holds(invariants, world, arena, broken) &&
                   memory_holds(world, invariants->latest, arena, broken)));
    if (is_whole) {
        execute(world, "DELETE FROM was; INSERT INTO was SELECT * FROM present;");
    }
    execute(world, "UPDATE look SET journal_from=(SELECT coalesce(max(rowid), 0) FROM journal),"
                   " sends_from=(SELECT coalesce(max(rowid), 0) FROM sends),"
                   " audit_from=(SELECT coalesce(max(seq), 0) FROM audit_events)");
    return holds;
}
