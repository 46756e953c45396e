#include "service/idempotency.h"

#include "base/buf.h"
#include "store/idempotency.h"

/* An answer to a bulk may have a megabyte. */
enum { FORGOTTEN_AT_ONCE = 200 };

static const struct duration kept_for = SECONDS_INIT(24 * 3600);

enum err idempotency_check(struct str key, struct problem *problem)
{
    bool is_good = key.len >= 1 && key.len <= IDEMPOTENCY_KEY_BYTES_MAX;
    for (size_t i = 0; i < key.len; i++) {
        is_good = is_good && key.ptr[i] >= ' ' && key.ptr[i] <= '~';
    }
    return is_good ? OK
                   : problem_set(problem, E_INVALID, "Idempotency-Key",
                                 "Idempotency-Key must have 1 to %d printable ASCII characters",
                                 IDEMPOTENCY_KEY_BYTES_MAX);
}

/* With its length before it, so that no part can pass for the end of another. */
static void add_part(struct buf *text, struct str part)
{
    buf_add_int(text, (int64_t)part.len);
    buf_add_byte(text, ':');
    buf_add(text, part);
}

static struct str digest_of(struct arena *arena, struct str text)
{
    uint8_t *digest = arena_alloc(arena, SHA256_BYTES);
    sha256(text, digest);
    return (struct str){(const char *)digest, SHA256_BYTES};
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* What stands between values. */
static bool is_mark(char c)
{
    return c == '{' || c == '}' || c == '[' || c == ']' || c == ',' || c == ':';
}

/* Without the white space between tokens, so that the same request is the same however a client
 * lays it out. One space stays where two tokens would become one, which no sound JSON has. */
static struct str without_space(struct arena *arena, struct str body)
{
    char *out = arena_alloc(arena, body.len + 1);
    size_t len = 0;
    bool is_text = false;
    for (size_t at = 0; at < body.len; at++) {
        char c = body.ptr[at];
        if (!is_text && is_space(c)) {
            size_t next = at + 1;
            while (next < body.len && is_space(body.ptr[next])) {
                next++;
            }
            bool parts =
                len > 0 && next < body.len && !is_mark(out[len - 1]) && !is_mark(body.ptr[next]);
            at = next - 1;
            if (!parts) {
                continue;
            }
            c = ' ';
        }
        out[len++] = c;
        if (is_text && c == '\\' && at + 1 < body.len) {
            out[len++] = body.ptr[++at];
        } else if (c == '"') {
            is_text = !is_text;
        }
    }
    return (struct str){out, len};
}

struct idempotency idempotency_of(const struct site *site, struct arena *arena,
                                  const struct idempotent_request *request)
{
    struct buf who = {.arena = arena};
    struct buf what = {.arena = arena};
    buf_add_text(&who, "idempotency ");
    add_part(&who, request->secret);
    add_part(&who, request->key);
    add_part(&what, request->path);
    add_part(&what, request->query);
    add_part(&what, digest_of(arena, request->is_json ? without_space(arena, request->body)
                                                      : request->body));
    return (struct idempotency){seal_lookup(site->seal, arena, buf_str(&who)),
                                digest_of(arena, buf_str(&what))};
}

static bool is_over(const struct op *op, const struct idempotency_key *row)
{
    return !instant_before(op->now, instant_add(row->created_at, kept_for));
}

enum err idempotency_find(struct op *op, const struct idempotency *request, struct kept_answer *out)
{
    struct idempotency_key row = {0};
    *out = (struct kept_answer){0};
    enum err err = idempotency_keys_find(op->db, op->arena, &request->who, &row);
    if (err == E_NOT_FOUND || (err == OK && is_over(op, &row))) {
        return OK;
    }
    TRY(err);
    if (!str_equal(row.body_hash, request->what)) {
        return op_fail(op, E_KEY_REUSED, "Idempotency-Key",
                       "this Idempotency-Key came with another request within the last 24 hours");
    }
    *out = (struct kept_answer){(int)row.status, row.answer};
    return OK;
}

enum err idempotency_keep(struct op *op, const struct idempotency *request,
                          const struct kept_answer *answer)
{
    struct idempotency_key row = {
        .id = op_new_id(op),
        .actor_hash = request->who.now,
        .body_hash = request->what,
        .status = answer->status,
        .answer = answer->body,
        .created_at = op->now,
    };
    /* One of the same name that is over is still there until it is cleaned away. */
    TRY(idempotency_keys_remove(op->db, &request->who));
    return idempotency_keys_add(op->db, op->arena, &row);
}

enum err idempotency_clean(struct op *op, bool *is_done)
{
    int64_t removed = 0;
    TRY(idempotency_keys_forget(op->db, instant_sub(op->now, kept_for), FORGOTTEN_AT_ONCE,
                                &removed));
    *is_done = removed < FORGOTTEN_AT_ONCE;
    return OK;
}
