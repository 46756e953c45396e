/* fuzz_routes: any requests to the whole of Tocsin: the real dispatcher, executor and SQLite in
 * memory, in a world of sim/world where there is one of everything.
 *
 * An input is requests, each "operation flags\n", a line with the path's last words and the query,
 * and a body up to a line "%%". An operation that there is not stands for another. "$users" in line
 * and body is the id of the first of them, and so on for every collection. The flags choose who
 * asks, and how. Each is answered once with a status that our documents know and never with a fault
 * of ours (500); JSON is JSON; a refusal says what is wrong, names the field where a member is, and
 * commits nothing. A world lives for many inputs: when one fails, all that it was asked are left in
 * $TOCSIN_FUZZ_FOUND/fuzz_routes-session, which is an input too. */
#include "api/route.h"
#include "model/json_tree.h"
#include "sim/invariants.h"
#include "sim/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SESSION "%%session\n"

enum { INPUTS_A_WORLD = 30, REQUESTS_MAX = 12, ADVANCE_SECONDS_MAX = 7200, POOL_MAX = 40 };

int LLVMFuzzerInitialize(int *count, char ***words);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
void __sanitizer_set_death_callback(void (*callback)(void));

/* The first of each collection, by its name: what "$name" stands for. */
struct pool {
    struct str names[POOL_MAX];
    struct str ids[POOL_MAX];
    size_t count;
};

struct stage {
    struct world *world;
    struct invariants *invariants;
    struct zoneinfo *zones;
    struct arena *arena; /* As long as the world. */
    struct pool pool;
    struct buf session;
    int inputs;
};

/* Whoever is called when everything ends is given nothing. */
static struct stage stage;

static void save_session(void)
{
    const char *folder = getenv("TOCSIN_FUZZ_FOUND");
    char path[512];
    snprintf(path, sizeof path, "%s/fuzz_routes-session", folder == NULL ? "." : folder);
    FILE *file = fopen(path, "w");
    if (file != NULL) {
        fwrite(SESSION, 1, sizeof SESSION - 1, file);
        fwrite(stage.session.ptr, 1, stage.session.len, file);
        fclose(file);
    }
}

static void expect(bool holds, const char *what)
{
    if (!holds) {
        const struct world_answer *answer = &stage.world->answer;
        fprintf(stderr, "fuzz_routes: %s: %d %.*s\n", what, answer->status, STR_FMT(answer->body));
        abort();
    }
}

static void ask(enum http_method method, const char *path, const char *body)
{
    struct world_request request = {.method = method,
                                    .path = str_from(path),
                                    .body = str_from(body),
                                    .key = STR(WORLD_ADMIN_KEY)};
    world_request(stage.world, &request);
}

/* Keeps a text member of the last answer's data under a name. */
static void keep(const char *name, const char *member)
{
    const struct json_node *root = NULL;
    struct arena *arena = stage.arena;
    struct pool *pool = &stage.pool;
    expect(stage.world->answer.status / 100 == 2, name);
    expect(json_tree_read(arena, arena_str(arena, stage.world->answer.body), &root) == OK, name);
    const struct json_node *data = json_tree_member(root, "data");
    struct str text = json_tree_text(data == NULL ? root : data, member);
    expect(str_is_set(text) && pool->count < POOL_MAX, name);
    /* Of an address the part that opens it. */
    size_t mark = str_find(text, STR("/i/"));
    text = mark < text.len ? str_slice(text, mark + 3, text.len) : text;
    pool->names[pool->count] = str_from(name);
    pool->ids[pool->count++] = text;
}

/* The name that the text begins with, a whole word; the number of names for none. */
static size_t name_at(struct str text)
{
    size_t len = 0;
    while (len < text.len &&
           (text.ptr[len] == '-' || (text.ptr[len] >= 'A' && text.ptr[len] <= 'Z') ||
            (text.ptr[len] >= 'a' && text.ptr[len] <= 'z'))) {
        len++;
    }
    size_t found = 0;
    while (found < stage.pool.count &&
           !str_equal(stage.pool.names[found], str_slice(text, 0, len))) {
        found++;
    }
    return found;
}

/* The same under another name, as other paths call it. */
static void keep_again(const char *name, const char *as)
{
    size_t found = name_at(str_from(name));
    expect(found < stage.pool.count && stage.pool.count < POOL_MAX, name);
    stage.pool.names[stage.pool.count] = str_from(as);
    stage.pool.ids[stage.pool.count++] = stage.pool.ids[found];
}

static struct str expand(struct arena *arena, struct str text)
{
    struct buf out = {.arena = arena};
    while (text.len > 0) {
        size_t mark = str_find_byte(text, '$', 0);
        buf_add(&out, str_slice(text, 0, mark));
        text = str_slice(text, mark + 1, text.len);
        size_t found = name_at(text);
        if (found < stage.pool.count) {
            buf_add(&out, stage.pool.ids[found]);
            text = str_slice(text, stage.pool.names[found].len, text.len);
        }
    }
    return out.len > 0 ? buf_str(&out) : STR("");
}

struct start {
    const char *name;
    const char *member; /* NULL: nothing is kept. */
    const char *path;
    const char *body;
};

static const struct start starts[] = {
    {"users", "id", "/api/v1/users",
     "{\"name\":\"Anna\",\"email\":\"anna@example.org\",\"phone\":\"+34600111111\",\"whatsapp\":"
     "\"+34600211111\",\"timezone\":\"Europe/Madrid\"}"},
    {"bert", "id", "/api/v1/users", "{\"name\":\"Bert\",\"phone\":\"+34600122222\"}"},
    {"annaKey", "key", "/api/v1/users/$users/keys", "{\"name\":\"phone\"}"},
    {"reader", "key", "/api/v1/keys", "{\"name\":\"wall\",\"scope\":\"READER\"}"},
    {"operator", "key", "/api/v1/keys", "{\"name\":\"desk\",\"scope\":\"OPERATOR\"}"},
    {"keys", "id", "/api/v1/keys", "{\"name\":\"other\",\"scope\":\"READER\"}"},
    {"policies", "id", "/api/v1/policies",
     "{\"name\":\"first\",\"steps\":[{\"channel\":\"EMAIL\"},{\"channel\":\"IN_APP\"},{\"after\":5,"
     "\"channel\":\"SMS\"}]}"},
    {NULL, NULL, "/api/v1/calendar/sync",
     "{\"userId\":\"$users\",\"events\":[{\"externalId\":\"a\",\"title\":\"Stand-up\",\"startsAt\":"
     "\"2026-01-05T09:15:00.500Z\",\"joinUrl\":\"https://meet.example.org/x\"}]}"},
    {"calendars", "id", "/api/v1/users/$users/calendars",
     "{\"kind\":\"upload\",\"ics\":\"BEGIN:VCALENDAR\\r\\nVERSION:2.0\\r\\nPRODID:x\\r\\nBEGIN:"
     "VEVENT"
     "\\r\\nUID:u\\r\\nDTSTART:20260107T090000Z\\r\\nEND:VEVENT\\r\\nEND:VCALENDAR\\r\\n\"}"},
    {"incidents", "id", "/api/v1/incidents",
     "{\"title\":\"Disk is full\",\"userId\":\"$users\",\"policy\":\"first\",\"escalate\":true}"},
    {"drills", "id", "/api/v1/drills", "{\"userId\":\"$users\",\"channels\":[\"EMAIL\"]}"},
    {"schedules", "id", "/api/v1/schedules",
     "{\"name\":\"Week\",\"timezone\":\"Europe/Berlin\",\"layers\":[{\"members\":[{\"userId\":"
     "\"$users\"},{\"userId\":\"$bert\"}],\"rotation\":{\"type\":\"WEEKLY\",\"handoffTime\":\"09:"
     "00\","
     "\"handoffDay\":\"MON\",\"start\":\"2026-01-01T00:00:00Z\"}}]}"},
    {"overrides", "id", "/api/v1/schedules/$schedules/overrides",
     "{\"start\":\"2026-02-01T10:00:00Z\",\"end\":\"2026-02-01T12:00:00Z\",\"userId\":\"$bert\"}"},
    {"ical", "id", "/api/v1/schedules/$schedules/ical", "{\"userId\":\"$users\"}"},
    {"i", "url", "/api/v1/schedules/$schedules/ical", "{\"userId\":\"$bert\"}"},
    {"sinks", "id", "/api/v1/sinks",
     "{\"kind\":\"WEBHOOK\",\"name\":\"sink\",\"enabled\":false,\"webhook\":{\"url\":"
     "\"https://hooks.example.org/e\",\"secret\":\"a secret of theirs\"}}"},
    {"integrations", "id", "/api/v1/integrations", "{\"name\":\"Checker\"}"},
    {"integrationKey", "key", "/api/v1/integrations", "{\"name\":\"Other\"}"},
    {"heartbeats", "id", "/api/v1/heartbeats", "{\"name\":\"Backup\",\"everySeconds\":86400}"},
    {"beat", "token", "/api/v1/heartbeats", "{\"name\":\"Night\",\"everySeconds\":86400}"},
    {"maintenance", "id", "/api/v1/maintenance",
     "{\"name\":\"Upgrade\",\"startsAt\":\"2026-02-01T10:00:00+01:00\",\"minutes\":30,\"source\":"
     "\"$integrations\"}"},
    {"dispatch", "callId", "/api/v1/dispatch",
     "{\"callId\":\"call-1\",\"callerPhone\":\"+34666000888\",\"issueSummary\":\"Water\","
     "\"technicians\":[\"$users\",\"$bert\"]}"},
    {"agents", "id", "/api/v1/agents",
     "{\"name\":\"Agent\",\"fromNumber\":\"+14155550100\",\"script\":\"Your order {{order|x}} is "
     "ready.\"}"},
    {"campaigns", "id", "/api/v1/scheduling/campaigns",
     "{\"name\":\"Campaign\",\"agentId\":\"$agents\",\"callsPerMinute\":30}"},
    {"scheduling", "scheduledCallId", "/api/v1/scheduling/schedule",
     "{\"phoneNumber\":\"+14155550101\",\"agentId\":\"$agents\",\"scheduledFor\":"
     "\"2026-02-02T10:00:00Z\",\"userId\":\"$users\"}"},
    {"do-not-call", "id", "/api/v1/do-not-call", "{\"phoneNumber\":\"+14155550102\"}"},
    {"consents", "id", "/api/v1/consents",
     "{\"phoneNumber\":\"+14155550103\",\"state\":\"GIVEN\",\"evidence\":\"a form\"}"},
    {"holidays", "id", "/api/v1/holidays", "{\"name\":\"office\",\"dates\":[\"2026-12-24\"]}"},
};

/* What comes about by itself is asked for where it is listed. */
static void keep_first(const char *name, const char *path)
{
    ask(HTTP_GET, path, "");
    const struct json_node *root = NULL;
    struct arena *arena = stage.arena;
    expect(json_tree_read(arena, arena_str(arena, stage.world->answer.body), &root) == OK, name);
    const struct json_node *list = json_tree_member(json_tree_member(root, "data"), name);
    const char *member = str_equal_text(str_from(name), "meetings") ? "eventId" : "id";
    expect(list != NULL && list->count > 0, name);
    stage.pool.names[stage.pool.count] = str_from(name);
    stage.pool.ids[stage.pool.count++] = json_tree_text(&list->items[0], member);
}

/* The token of a link to one of our pages, from the first message that has one. */
static void keep_token(const char *name)
{
    struct arena *arena = stage.arena;
    struct peek texts = peek_rows(&stage.world->store, arena, "SELECT id FROM messages", 1);
    struct str mark = arena_printf(arena, "/%s/", name);
    const struct json_node *root = NULL;
    for (size_t i = 0; i < texts.rows; i++) {
        char id[ID_TEXT_MAX];
        id_format(stage.world->plant.site.id_key, (struct id){peek_cell(&texts, i, 0)->number}, id);
        ask(HTTP_GET, arena_printf(arena, "/api/v1/messages/%s", id).ptr, "");
        struct str body = arena_str(arena, stage.world->answer.body);
        expect(json_tree_read(arena, body, &root) == OK, name);
        struct str text = json_tree_text(json_tree_member(root, "data"), "text");
        size_t at = str_find(text, mark);
        if (at < text.len) {
            stage.pool.names[stage.pool.count] = str_from(name);
            stage.pool.ids[stage.pool.count++] = str_slice(text, at + 3, at + 3 + 32);
            return;
        }
    }
    expect(false, "no link of this kind");
}

static void begin_world(void)
{
    static const char *const settings[] = {"OPERATOR_EMAIL=ops@example.com", NULL};
    struct instant start = {INT64_C(1767603600) * 1000000}; /* 5 January 2026, 09:00. */
    stage.arena = arena_new();
    stage.pool = (struct pool){.count = 0};
    stage.invariants = invariants_new();
    buf_clear(&stage.session);
    stage.inputs = 0;
    enum err err = world_new(settings, start, stage.zones, &stage.world);
    expect(err == OK, "the world does not begin");
    for (size_t i = 0; i < ARRAY_LENGTH(starts); i++) {
        struct str path = expand(stage.arena, str_from(starts[i].path));
        struct str body = expand(stage.arena, str_from(starts[i].body));
        ask(HTTP_POST, arena_cstr(stage.arena, path), arena_cstr(stage.arena, body));
        expect(stage.world->answer.status / 100 == 2, starts[i].path);
        if (starts[i].member != NULL) {
            keep(starts[i].name, starts[i].member);
        }
    }
    world_advance(stage.world, SECONDS(1));
    keep_first("meetings", "/api/v1/meetings");
    keep_first("messages", "/api/v1/messages");
    keep_first("notifications", "/api/v1/notifications");
    keep_again("scheduling", "scheduled-calls");
    keep_again("incidents", "escalations");
    keep_token("l");
    keep_token("s");
    keep_token("d");
    keep_token("u");
}

static void end_world(void)
{
    world_free(&stage.world);
    invariants_free(&stage.invariants);
    arena_free(&stage.arena);
}

int LLVMFuzzerInitialize(int *count, char ***words)
{
    struct problem problem = {0};
    (void)count;
    (void)words;
    __sanitizer_set_death_callback(save_session);
    if (zoneinfo_open(NULL, &stage.zones, &problem) != OK) {
        fprintf(stderr, "fuzz_routes: %s\n", problem.message);
        abort();
    }
    begin_world();
    return 0;
}

struct wish {
    const struct route *route;
    struct str flags;
    struct str line;
    struct str body;
};

/* A name that is none stands for any, so that most of what is tried is asked. */
static const struct route *route_named(struct str name)
{
    const struct route *routes = NULL;
    size_t count = routes_all(&routes);
    size_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        if (str_equal_text(name, routes[i].name)) {
            return &routes[i];
        }
    }
    for (size_t i = 0; i < name.len; i++) {
        sum = sum * 31 + (unsigned char)name.ptr[i];
    }
    return &routes[sum % count];
}

static bool next_wish(struct str *rest, struct wish *out)
{
    if (rest->len == 0) {
        return false;
    }
    size_t end = str_find(*rest, STR("\n%%\n"));
    struct str text = str_slice(*rest, 0, end);
    struct str words = STR("");
    struct str name = STR("");
    *rest = end < rest->len ? str_slice(*rest, end + 4, rest->len) : STR("");
    *out = (struct wish){.flags = STR(""), .line = STR(""), .body = STR("")};
    (void)str_split(&text, '\n', &words);
    (void)str_split(&words, ' ', &name);
    out->route = route_named(name);
    out->flags = str_is_set(words) ? words : STR("");
    (void)(str_is_set(text) && str_split(&text, '\n', &out->line));
    out->body = str_is_set(text) ? text : STR("");
    return true;
}

static bool has_flag(const struct wish *wish, char flag)
{
    return str_find_byte(wish->flags, flag, 0) < wish->flags.len;
}

static struct str pooled(const char *name)
{
    return expand(stage.arena, arena_printf(stage.arena, "$%s", name));
}

/* The placeholders of the path take the words of the line, or what the path suggests. */
static struct str path_of(struct arena *arena, const struct wish *wish)
{
    struct str pattern = str_from(wish->route->path);
    struct str words = str_slice(wish->line, 0, str_find_byte(wish->line, '?', 0));
    struct str query = str_slice(wish->line, words.len, wish->line.len);
    struct buf out = {.arena = arena};
    struct str part = STR_NONE;
    struct str before = STR("");
    bool is_first = true;
    buf_add_text(&out, route_is_versioned(wish->route) ? "/api/v1" : "");
    while (str_split(&pattern, '/', &part)) {
        struct str word = part;
        if (part.len > 0 && part.ptr[0] == '{') {
            bool has_word = words.len > 0 && str_split(&words, ' ', &word) && word.len > 0;
            word = has_word ? word : arena_printf(arena, "$%.*s", STR_FMT(before));
            words = str_is_set(words) ? words : STR("");
        } else {
            before = part.len > 0 ? part : before;
        }
        buf_add_text(&out, is_first ? "" : "/");
        buf_add(&out, word);
        is_first = false;
    }
    buf_add(&out, query);
    return expand(arena, buf_str(&out));
}

static struct world_request request_of(struct arena *arena, const struct wish *wish)
{
    struct world_request request = {.method = wish->route->method,
                                    .path = path_of(arena, wish),
                                    .body = expand(arena, wish->body),
                                    .key = STR(WORLD_ADMIN_KEY)};
    if (has_flag(wish, 'a') || has_flag(wish, 'r') || has_flag(wish, 'o')) {
        request.key = pooled(has_flag(wish, 'a')   ? "annaKey"
                             : has_flag(wish, 'r') ? "reader"
                                                   : "operator");
    }
    request.key = has_flag(wish, 'k') ? wish->flags : request.key;
    request.key = has_flag(wish, 'n') ? STR_NONE : request.key;
    request.content_type = has_flag(wish, 't')   ? STR("text/plain")
                           : has_flag(wish, 'l') ? STR("application/x-ndjson")
                           : has_flag(wish, 'f') ? STR("application/x-www-form-urlencoded")
                                                 : STR_NONE;
    request.once = has_flag(wish, 'i') ? wish->flags : STR_NONE;
    request.method = has_flag(wish, 'h') ? HTTP_HEAD : request.method;
    return request;
}

/* Half a year in one step is honest work that only takes time. */
static bool is_too_long(const struct world_request *request)
{
    const struct json_node *root = NULL;
    struct arena *arena = arena_new();
    int64_t seconds = 0;
    bool is_advance = str_ends(request->path, STR("/clock/advance"));
    if (is_advance && json_tree_read(arena, request->body, &root) == OK) {
        const struct json_node *member = json_tree_member(root, "seconds");
        is_advance = member != NULL && str_to_int(member->text, &seconds) == OK &&
                     seconds > ADVANCE_SECONDS_MAX;
    }
    arena_free(&arena);
    return is_advance && seconds > ADVANCE_SECONDS_MAX;
}

static void check_refusal(const struct json_node *root, int status)
{
    const struct json_node *error = json_tree_member(root, "error");
    struct str code = json_tree_text(error, "code");
    expect(str_is_set(code) && json_tree_text(error, "message").len > 0, "a refusal says nothing");
    expect(str_is_set(json_tree_text(root, "requestId")), "a refusal without its request's id");
    /* A world has no streams. */
    expect(status != 503 || str_contains(json_tree_text(error, "message"), STR("streams")),
           "the store is said not to take it");
}

static void check_answer(struct arena *arena, const struct wish *wish)
{
    const struct world_answer *answer = &stage.world->answer;
    const struct json_node *root = NULL;
    expect(answer->status >= 200 && answer->status < 600, "no answer");
    expect(answer->status != 500, "a fault of ours");
    bool is_json = str_starts(answer->content_type, STR("application/json"));
    bool is_html = str_starts(answer->content_type, STR("text/html"));
    if (is_json && !has_flag(wish, 'h')) {
        expect(json_tree_read(arena, answer->body, &root) == OK, "an answer that is no JSON");
        if (answer->status >= 400) {
            check_refusal(root, answer->status);
        }
    }
    expect(!is_html || str_is_utf8(answer->body), "a page that is no UTF-8");
    expect(wish->route->style != ROUTE_DATA || is_json || answer->status == 204,
           "data that are no JSON");
}

static void grant(struct arena *arena, const struct wish *wish)
{
    struct world_request request = request_of(arena, wish);
    if (is_too_long(&request)) {
        return;
    }
    int64_t before = stage.world->store.commits;
    int64_t audits = peek_number(&stage.world->store, arena, "SELECT max(seq) FROM audit_events");
    world_request(stage.world, &request);
    check_answer(arena, wish);
    bool is_refused = stage.world->answer.status >= 400 && wish->route->kind != ROUTE_CLOCK;
    if (is_refused && stage.world->store.commits != before) {
        int64_t now = peek_number(&stage.world->store, arena, "SELECT max(seq) FROM audit_events");
        expect(now == audits, "a refusal has changed something");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct arena *arena = arena_new();
    struct str rest = {(const char *)bytes, size};
    struct wish wish;
    struct str broken = STR_NONE;
    if (stage.inputs++ == INPUTS_A_WORLD) {
        end_world();
        begin_world();
    }
    buf_add(&stage.session, rest);
    buf_add_text(&stage.session, "\n%%\n");
    bool is_session = str_starts(rest, STR(SESSION)); /* All that a world was asked. */
    rest = str_slice(rest, is_session ? sizeof SESSION - 1 : 0, rest.len);
    for (int i = 0; (i < REQUESTS_MAX || is_session) && next_wish(&rest, &wish); i++) {
        grant(arena, &wish);
    }
    bool holds = invariants_hold(stage.invariants, stage.world, arena, &broken);
    if (!holds) {
        fprintf(stderr, "fuzz_routes: %.*s\n", STR_FMT(broken));
    }
    expect(holds, "an invariant does not hold");
    arena_free(&arena);
    return 0;
}
