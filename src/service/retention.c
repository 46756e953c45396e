#include "service/retention.h"

#include "store/settings.h"

#include <stdio.h>

/* A portion is some milliseconds of the executor's time (measured: docs/operations.md), after which
 * others have their turn. A subject is never split, so that one of them may be more. */
enum {
    ROWS_AT_ONCE = 100,
    LOOKED_AT_ONCE = 250,
    BYTES_AT_ONCE = 1 << 20,
    WAITING_MOST = 10000,
    FILES_A_MONTH = 1000
};

static const struct duration again_after = SECONDS_INIT(600);
/* Behind a full portion, so that most of the time is left to what is due. */
static const struct duration pause = {20000};

static const struct str place_setting = STR_INIT("retention.place");
static const struct str state_setting = STR_INIT("retention.state");
static const struct str floor_setting = STR_INIT("retention.messages");

/* How far a sweep came. */
struct sweep {
    int64_t kind;
    struct id after; /* Of that kind everything up to here was looked at. */
    int64_t rows;
    int64_t subjects[RETENTION_KINDS];
};

struct portion {
    struct op *op;
    struct sweep sweep;
    struct archiver archiver;
    struct archive archive;
    struct archive_chain chain;
    struct id subjects[LOOKED_AT_ONCE];
    size_t count;
};

static struct id next_id(void *context)
{
    return op_new_id(context);
}

/* --- What is remembered between portions --- */

static enum err read_text(struct op *op, struct str name, struct str *out)
{
    *out = STR_NONE;
    enum err err = settings_get(op->db, op->arena, name, out);
    return err == E_NOT_FOUND ? OK : err;
}

/* The next whole number of a text of such; 0 at its end. */
static int64_t take_number(struct str *text)
{
    struct str word = STR_NONE;
    int64_t number = 0;
    return str_split(text, ' ', &word) && str_to_int(word, &number) == OK ? number : 0;
}

static enum err read_sweep(struct op *op, struct sweep *out)
{
    struct str text = STR_NONE;
    TRY(read_text(op, place_setting, &text));
    *out = (struct sweep){.kind = take_number(&text)};
    out->after.value = take_number(&text);
    out->rows = take_number(&text);
    for (size_t i = 0; i < RETENTION_KINDS; i++) {
        out->subjects[i] = take_number(&text);
    }
    return OK;
}

static enum err write_sweep(struct op *op, const struct sweep *sweep)
{
    struct buf text = {.arena = op->arena};
    buf_printf(&text, "%lld %lld %lld", (long long)sweep->kind, (long long)sweep->after.value,
               (long long)sweep->rows);
    for (size_t i = 0; i < RETENTION_KINDS; i++) {
        buf_printf(&text, " %lld", (long long)sweep->subjects[i]);
    }
    return settings_put(op->db, place_setting, buf_str(&text));
}

enum err retention_state(struct op *op, struct retention_view *out)
{
    struct str text = STR_NONE;
    struct sweep sweep = {0};
    TRY(read_text(op, state_setting, &text));
    TRY(read_sweep(op, &sweep));
    *out = (struct retention_view){.swept_at = instant_from_ms(take_number(&text))};
    out->failing_since = instant_from_ms(take_number(&text));
    out->waiting = take_number(&text);
    out->row_count = take_number(&text);
    out->failure = instant_is_set(out->failing_since) ? text : STR_NONE;
    if (sweep.rows > 0) {
        out->row_count = sweep.rows;
    }
    return OK;
}

static enum err write_state(struct op *op, const struct retention_view *view)
{
    return settings_put(
        op->db, state_setting,
        arena_printf(op->arena, "%lld %lld %lld %lld %.*s", (long long)instant_ms(view->swept_at),
                     (long long)instant_ms(view->failing_since), (long long)view->waiting,
                     (long long)view->row_count, STR_FMT(view->failure)));
}

bool retention_is_past(const struct op *op, enum retention_kind kind, struct instant ended_at)
{
    struct duration keep = op->site->retention.keep[kind];
    return keep.us > 0 && ended_at.us <= instant_sub(op->now, keep).us;
}

/* --- What may go --- */

/* Messages that belong to others, which keep them longer, are looked at once. */
static enum err first_of_kind(struct op *op, struct sweep *sweep)
{
    struct str text = STR_NONE;
    sweep->after = ID_NONE;
    if (sweep->kind == RETENTION_MESSAGE) {
        TRY(read_text(op, floor_setting, &text));
        sweep->after.value = take_number(&text);
    }
    return OK;
}

/* False for a kind that is kept for ever, or of which there is nothing so old. */
static bool range_of(const struct op *op, const struct sweep *sweep, struct retention_range *out)
{
    struct duration keep = op->site->retention.keep[sweep->kind];
    struct instant before = instant_sub(op->now, keep);
    *out = (struct retention_range){
        .kind = (enum retention_kind)sweep->kind, .after = sweep->after, .before = before};
    /* Whatever ended by then was made by then: ids grow with time. */
    out->until.value = id_floor(instant_add(before, MILLISECONDS(1))).value - 1;
    return keep.us > 0 && out->until.value > sweep->after.value;
}

static enum err count_waiting(struct op *op, int64_t *out)
{
    struct sweep sweep = {0};
    *out = 0;
    for (; sweep.kind < RETENTION_KINDS && *out < WAITING_MOST; sweep.kind++) {
        struct retention_range range = {0};
        int64_t more = 0;
        TRY(first_of_kind(op, &sweep));
        if (range_of(op, &sweep, &range)) {
            TRY(retention_count(op->db, &range, WAITING_MOST - *out, &more));
            *out += more;
        }
    }
    return OK;
}

/* --- A portion --- */

static enum err read_subjects(struct portion *portion, const struct retention_ids *found)
{
    const struct op *op = portion->op;
    for (size_t i = 0; i < found->count && portion->archiver.rows < ROWS_AT_ONCE &&
                       portion->archiver.text.len < BYTES_AT_ONCE;
         i++) {
        enum err err = retention_read(&portion->archiver, (enum retention_kind)portion->sweep.kind,
                                      found->items[i]);
        if (err == E_CORRUPT) {
            op_log(op, LOG_ERROR, LOG_STORE,
                   "what is past its keeping has a row that cannot be read, and stays: %.*s",
                   STR_FMT(op_id_text(op, found->items[i])));
            continue;
        }
        TRY(err);
        portion->subjects[portion->count++] = found->items[i];
    }
    return OK;
}

/* Looks at a stretch of ids; *is_whole where all that may go of it is in the portion. */
static enum err look(struct portion *portion, const struct retention_range *all,
                     struct retention_range *range)
{
    struct op *op = portion->op;
    struct id items[LOOKED_AT_ONCE];
    struct retention_ids found = {.items = items, .max = LOOKED_AT_ONCE};
    struct id place = ID_NONE;
    *range = *all;
    TRY(retention_place(op->db, all, LOOKED_AT_ONCE, &place));
    if (id_is_set(place)) {
        range->until = place;
    }
    TRY(retention_find(op->db, range, &found));
    TRY(read_subjects(portion, &found));
    /* What did not go any more is found again from where this look began. */
    bool is_whole =
        portion->archiver.rows < ROWS_AT_ONCE && portion->archiver.text.len < BYTES_AT_ONCE;
    if (is_whole) {
        portion->sweep.after = range->until;
    }
    return OK;
}

/* tocsin-2026-11.jsonl, tocsin-2026-11.2.jsonl, and with a mark tocsin-2026-11.5f0c91aa.jsonl. */
static struct str name_file(struct op *op, int number)
{
    char text[INSTANT_TEXT_MAX];
    struct str month = str_slice(instant_format(op->now, text), 0, 7);
    struct str mark = op->site->archive.mark;
    struct buf name = {.arena = op->arena};
    buf_printf(&name, "tocsin-%.*s", STR_FMT(month));
    if (mark.len > 0) {
        buf_printf(&name, ".%.*s", STR_FMT(mark));
    }
    if (number > 1) {
        buf_printf(&name, ".%d", number);
    }
    buf_add_text(&name, ".jsonl");
    return buf_str(&name);
}

static enum err load_archive(struct portion *portion, int number)
{
    struct op *op = portion->op;
    struct archive *archive = &portion->archive;
    struct str name = name_file(op, number);
    enum err err = archives_named(op->db, op->arena, name, archive);
    if (err == E_NOT_FOUND) {
        *archive = (struct archive){.name = name, .hash = STR(""), .created_at = op->now};
        err = OK;
    }
    return err;
}

static void hash_lines(struct portion *portion)
{
    struct archive_chain *chain = &portion->chain;
    struct str rest = buf_str(&portion->archiver.text);
    struct str line = STR_NONE;
    snprintf(chain->hash, sizeof chain->hash, "%.*s", STR_FMT(portion->archive.hash));
    while (rest.len > 0 && str_split(&rest, '\n', &line)) {
        archive_chain_add(portion->op->db, chain, line);
    }
}

/* A file that is not what the database knows of it is left as it is, and another one begun. */
static enum err append(struct portion *portion)
{
    struct op *op = portion->op;
    const struct archive_port *port = &op->site->archive;
    enum err err = E_CONFLICT;
    for (int number = 1; number <= FILES_A_MONTH && (err == E_CONFLICT || err == E_CORRUPT);
         number++) {
        TRY(load_archive(portion, number));
        struct archive_piece piece = {.name = portion->archive.name,
                                      .length = portion->archive.bytes,
                                      .text = buf_str(&portion->archiver.text)};
        *op->problem = (struct problem){0};
        err = port->append(port->context, &piece, op->problem);
        if (err == E_CONFLICT || err == E_CORRUPT) {
            op_log(op, LOG_WARN, LOG_STORE, "an archive file is left as it is: %s",
                   op->problem->message);
        }
    }
    return err == OK ? OK : E_UPSTREAM;
}

static enum err remove_rows(struct portion *portion)
{
    struct op *op = portion->op;
    int64_t removed = 0;
    for (size_t i = 0; i < portion->count; i++) {
        int64_t rows = 0;
        TRY(retention_remove(op->db, (enum retention_kind)portion->sweep.kind, portion->subjects[i],
                             &rows));
        removed += rows;
    }
    /* What would go without having been archived must not go. */
    return removed == portion->archiver.rows ? OK : E_CORRUPT;
}

static enum err keep_archive(struct portion *portion)
{
    struct op *op = portion->op;
    struct archive *archive = &portion->archive;
    hash_lines(portion);
    archive->bytes += (int64_t)portion->archiver.text.len;
    archive->row_count += portion->archiver.rows;
    archive->hash = str_from(portion->chain.hash);
    archive->changed_at = op->now;
    if (id_is_set(archive->id)) {
        return db_update(op->db, TABLE_archives, op->arena, archive);
    }
    archive->id = op_new_id(op);
    return db_insert(op->db, TABLE_archives, op->arena, archive);
}

static enum err note_failure(struct op *op, const char *why)
{
    struct retention_view view = {0};
    TRY(retention_state(op, &view));
    if (!instant_is_set(view.failing_since)) {
        view.failing_since = op->now;
        op_log(op, LOG_ERROR, LOG_STORE, "what is past its keeping stays: %s", why);
    }
    view.failure = str_from(why);
    TRY(count_waiting(op, &view.waiting));
    return write_state(op, &view);
}

/* --- A night --- */

static enum err tell_end(struct op *op, const struct sweep *sweep)
{
    struct retention_view view = {0};
    struct buf text = {.arena = op->arena};
    TRY(retention_state(op, &view));
    view = (struct retention_view){.swept_at = op->now, .row_count = sweep->rows};
    TRY(count_waiting(op, &view.waiting));
    TRY(write_state(op, &view));
    if (sweep->rows == 0) {
        return OK;
    }
    for (int i = 0; i < (int)RETENTION_KINDS; i++) {
        if (sweep->subjects[i] > 0) {
            buf_printf(&text, "%s %lld, ", retention_kind_name((enum retention_kind)i),
                       (long long)sweep->subjects[i]);
        }
    }
    buf_printf(&text, "rows %lld", (long long)sweep->rows);
    op_log(op, LOG_INFO, LOG_STORE, "archived what was past its keeping: %.*s",
           STR_FMT(buf_str(&text)));
    return op_audit(op, (struct audit_entry){.action = "RETENTION_SWEPT",
                                             .subject_type = subject_type_SYSTEM,
                                             .after = buf_str(&text)});
}

/* To the next kind of which there may be anything; of nothing where all were looked at. */
static enum err find_range(struct op *op, struct sweep *sweep, struct retention_range *out)
{
    while (sweep->kind < RETENTION_KINDS && !range_of(op, sweep, out)) {
        if (sweep->kind == RETENTION_MESSAGE && id_is_set(sweep->after)) {
            TRY(settings_put(op->db, floor_setting,
                             arena_printf(op->arena, "%lld", (long long)sweep->after.value)));
        }
        sweep->kind++;
        TRY(sweep->kind < RETENTION_KINDS ? first_of_kind(op, sweep) : OK);
    }
    return OK;
}

/* The folder takes files again. */
static enum err note_success(struct op *op)
{
    struct retention_view view = {0};
    TRY(retention_state(op, &view));
    if (!instant_is_set(view.failing_since)) {
        return OK;
    }
    view.failing_since = INSTANT_NONE;
    view.failure = STR_NONE;
    op_log(op, LOG_INFO, LOG_STORE, "what is past its keeping goes again");
    return write_state(op, &view);
}

static enum err archive_portion(struct portion *portion)
{
    struct op *op = portion->op;
    TRY(append(portion));
    TRY(note_success(op));
    TRY(remove_rows(portion));
    TRY(keep_archive(portion));
    portion->sweep.rows += portion->archiver.rows;
    portion->sweep.subjects[portion->sweep.kind] += (int64_t)portion->count;
    return write_sweep(op, &portion->sweep);
}

static enum err run_portion(struct portion *portion, bool *is_over)
{
    struct op *op = portion->op;
    struct retention_range all = {0};
    struct retention_range range = {0};
    TRY(read_sweep(op, &portion->sweep));
    do {
        TRY(find_range(op, &portion->sweep, &all));
        *is_over = portion->sweep.kind >= RETENTION_KINDS;
        if (*is_over) {
            TRY(tell_end(op, &portion->sweep));
            return write_sweep(op, &(struct sweep){0});
        }
        TRY(look(portion, &all, &range));
        /* A stretch that was not the whole range took its time. */
    } while (portion->count == 0 && range.until.value == all.until.value);
    return portion->count == 0 ? write_sweep(op, &portion->sweep) : archive_portion(portion);
}

/* Without a folder nothing goes: only how much waits is looked at. */
static enum err hold(struct op *op)
{
    struct retention_view view = {0};
    TRY(count_waiting(op, &view.waiting));
    return write_state(op, &view);
}

enum err retention_sweep(struct op *op, struct instant *next, bool *is_over)
{
    struct portion portion = {.op = op};
    *is_over = op->site->archive.append == NULL;
    *next = op->now;
    if (*is_over) {
        return hold(op);
    }
    portion.archiver = (struct archiver){.db = op->db,
                                         .arena = op->arena,
                                         .now = op->now,
                                         .context = op,
                                         .new_id = next_id,
                                         .text = {.arena = op->arena}};
    enum err err = run_portion(&portion, is_over);
    if (portion.archiver.rows >= ROWS_AT_ONCE) {
        *next = instant_add(op->now, pause);
    }
    archiver_end(&portion.archiver);
    if (err == E_UPSTREAM) {
        *next = instant_add(op->now, again_after);
        return note_failure(op, op->problem->message);
    }
    return err;
}

enum err list_archives(struct op *op, const void *input, void *output)
{
    const struct page_input *wanted = input;
    struct archive_list *out = output;
    struct retention_view *view = ARENA_NEW(op->arena, struct retention_view);
    int64_t limit = page_limit(wanted->limit);
    struct id after = ID_NONE;
    TRY(op_may_administer(op));
    TRY(op_cursor(op, wanted->cursor, &after));
    TRY(archives_page(op->db, op->arena, after, limit + 1, &out->archives));
    TRY(archives_count(op->db, &out->total));
    TRY(retention_state(op, view));
    out->retention = view;
    if (page_trim(op, &out->archives, limit)) {
        const struct archive *archives = out->archives.items;
        out->cursor = op_cursor_text(op, archives[out->archives.count - 1].id);
    }
    return OK;
}
