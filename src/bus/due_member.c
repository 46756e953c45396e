#include "bus/due_member.h"

#include <assert.h>
#include <stdio.h>

static struct str printed(const char *out, int len, size_t max)
{
    assert(len > 0 && (size_t)len < max);
    return (struct str){out, (size_t)len};
}

struct str due_key(int shard, char out[static DUE_KEY_MAX])
{
    assert(shard >= 0 && shard < DUE_SHARDS);
    return printed(out, snprintf(out, DUE_KEY_MAX, "tocsin:{%02d}:due", shard), DUE_KEY_MAX);
}

struct str due_channel(int database, char out[static DUE_KEY_MAX])
{
    return printed(out, snprintf(out, DUE_KEY_MAX, "tocsin:wake:%d", database), DUE_KEY_MAX);
}

struct str due_member(const struct due_item *item, char out[static DUE_MEMBER_MAX])
{
    int len = snprintf(out, DUE_MEMBER_MAX, "%s:%lld", enum_name(&timer_kind_names, item->kind),
                       (long long)item->id.value);
    return printed(out, len, DUE_MEMBER_MAX);
}

bool due_member_parse(struct str text, struct due_item *out)
{
    char written[DUE_MEMBER_MAX];
    size_t colon = str_find_byte(text, ':', 0);
    int kind = 0;
    int64_t id = 0;
    if (enum_parse(&timer_kind_names, str_slice(text, 0, colon), &kind) != OK ||
        kind <= timer_kind_NONE || str_to_int(str_slice(text, colon + 1, text.len), &id) != OK ||
        id <= 0) {
        return false;
    }
    out->kind = (enum timer_kind)kind;
    out->id = (struct id){id};
    /* One way to write it: "+7" and "007" are other members. */
    return str_equal(due_member(out, written), text);
}

bool due_score_parse(struct str text, int64_t *out)
{
    return str_to_int(text, out) == OK && *out >= 0;
}

struct str due_line(const struct due_item *item, char out[static DUE_LINE_MAX])
{
    char member[DUE_MEMBER_MAX];
    int len = snprintf(out, DUE_LINE_MAX, "%.*s %lld\n", STR_FMT(due_member(item, member)),
                       (long long)item->due_ms);
    return printed(out, len, DUE_LINE_MAX);
}

bool due_line_parse(struct str line, struct due_item *out)
{
    struct str member = STR_NONE;
    return str_split(&line, ' ', &member) && due_member_parse(member, out) &&
           due_score_parse(line, &out->due_ms);
}

static int compare(int64_t a, int64_t b)
{
    return a < b ? -1 : a > b;
}

int due_item_compare(const struct due_item *a, const struct due_item *b)
{
    int by_shard = compare(a->shard, b->shard);
    int by_kind = compare((int64_t)a->kind, (int64_t)b->kind);
    return by_shard != 0 ? by_shard : by_kind != 0 ? by_kind : compare(a->id.value, b->id.value);
}
