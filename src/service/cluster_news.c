#include "service/cluster_internal.h"

#include "store/db_news.h"

/* What is told, line by line:
 *
 *   TURN PIECE                            the server leaves out what is told twice, word by word
 *   T KIND ID AT PRIORITY TAG PROVIDER    what is to be done; "-" for no provider
 *   E ID                                  the newest event
 *   C                                     states or receipts of messages have changed
 *   M                                     nodes or shards have changed, or what is paused: take a
 * turn */

/* A server takes less than 8,000 bytes in one piece. */
enum { NEWS_BYTES_MAX = 7000, EFFECT_WORDS = 7 };

static enum err tell_piece(struct op *op, struct buf *text)
{
    enum err err = db_tell(op->db, buf_str(text));
    buf_clear(text);
    return err;
}

static void begin_piece(struct cluster *cluster, struct buf *text)
{
    if (text->len == 0) {
        buf_printf(text, "%lld %d\n", (long long)cluster->turn.number, cluster->pieces++);
    }
}

static enum err tell_effects(struct cluster *cluster, struct op *op, struct buf *text)
{
    const struct effects *effects = &op->writer->effects;
    for (size_t i = 0; i < effects->count; i++) {
        const struct effect *effect = &effects->items[i];
        if (cluster_has_effect(cluster, effect)) {
            continue;
        }
        begin_piece(cluster, text);
        buf_printf(text, "T %d %lld %lld %d %d %s\n", (int)effect->kind,
                   (long long)effect->id.value, (long long)effect->at.us, effect->priority,
                   effect->tag, effect->inbox == NULL ? "-" : effect->inbox->name);
        if (text->len > NEWS_BYTES_MAX) {
            TRY(tell_piece(op, text));
        }
    }
    return OK;
}

enum err cluster_tell(struct cluster *cluster, struct op *op, bool must_look)
{
    struct buf text = {.arena = op->arena};
    int64_t last_event = op->writer->last_event.value;
    TRY(tell_effects(cluster, op, &text));
    if (last_event != cluster->last_event_before) {
        begin_piece(cluster, &text);
        buf_printf(&text, "E %lld\n", (long long)last_event);
    }
    if (op->writer->message_changes != cluster->message_changes_before) {
        begin_piece(cluster, &text);
        buf_add_text(&text, "C\n");
    }
    if (cluster->has_changed_map || must_look) {
        begin_piece(cluster, &text);
        buf_add_text(&text, "M\n");
    }
    return text.len == 0 ? OK : tell_piece(op, &text);
}

struct hearing {
    struct cluster *cluster;
    struct op *op;
    void *context;
    void (*each)(void *context, const struct effect *effect);
};

/* False for a line that is none of ours: what cannot be read is left out. */
static bool read_effect(struct str line, struct effect *out)
{
    struct str words[EFFECT_WORDS];
    int64_t numbers[EFFECT_WORDS] = {0};
    int count = 0;
    while (count < EFFECT_WORDS && str_split(&line, ' ', &words[count])) {
        count++;
    }
    for (int i = 1; i < EFFECT_WORDS - 1; i++) {
        if (count != EFFECT_WORDS || str_to_int(words[i], &numbers[i]) != OK) {
            return false;
        }
    }
    bool is_kind = numbers[1] >= EFFECT_TIMER && numbers[1] <= EFFECT_ACTIVE;
    bool is_tag = numbers[5] >= 0 && numbers[5] < timer_kind_COUNT;
    *out = (struct effect){.kind = (enum effect_kind)numbers[1],
                           .id = {numbers[2]},
                           .at = {numbers[3]},
                           .priority = (int)numbers[4],
                           .tag = (int)numbers[5],
                           .inbox = provider_find(words[6])};
    return is_kind && is_tag;
}

static void hear_effect(const struct hearing *hearing, int64_t turn, struct str line)
{
    const struct cluster *cluster = hearing->cluster;
    struct effect effect = {.kind = EFFECT_TIMER};
    if (!read_effect(line, &effect)) {
        return;
    }
    int shard = cluster_shard_of(&effect);
    bool is_new = shard >= 0 && turn > cluster->read_turns[shard];
    if (is_new && cluster_has_effect(cluster, &effect)) {
        hearing->each(hearing->context, &effect);
    }
}

static void hear_text(void *context, struct str text)
{
    const struct hearing *hearing = context;
    struct writer *writer = hearing->op->writer;
    struct str line = STR_NONE;
    int64_t turn = 0;
    int64_t event = 0;
    struct str number = STR_NONE;
    if (!str_split(&text, '\n', &line) || !str_split(&line, ' ', &number) ||
        str_to_int(number, &turn) != OK) {
        return;
    }
    while (str_split(&text, '\n', &line)) {
        if (str_starts(line, STR("T "))) {
            hear_effect(hearing, turn, line);
        } else if (str_starts(line, STR("M"))) {
            hearing->cluster->look_ms = 0;
        } else if (str_starts(line, STR("C"))) {
            writer->message_changes++;
        } else if (str_starts(line, STR("E ")) &&
                   str_to_int(str_slice(line, 2, line.len), &event) == OK &&
                   event > writer->last_event.value) {
            writer->last_event = (struct id){event};
        }
    }
}

enum err cluster_hear(struct cluster *cluster, struct op *op, void *context,
                      void (*each)(void *context, const struct effect *effect))
{
    struct hearing hearing = {cluster, op, context, each};
    return db_hear(op->db, &hearing, hear_text);
}
