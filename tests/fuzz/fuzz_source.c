#include "channel/source.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check_batch(const struct source_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        const struct source_report *report = &batch->items[i];
        bool opens = report->signal == alert_signal_FIRING;
        assert(report->signal != alert_signal_NONE);
        assert(!opens || report->title.len > 0);
        assert(report->title.len <= SOURCE_TITLE_MAX + 3 && str_is_utf8(report->title));
        assert(report->details.len <= 10000 && str_is_utf8(report->details));
        assert(report->dedup_key.len <= SOURCE_KEY_MAX && str_is_utf8(report->dedup_key));
        assert(opens || report->signal == alert_signal_IGNORED || report->dedup_key.len > 0);
        assert(!report->repeats || report->dedup_key.len > 0);
    }
}

/* The first byte says how the rest is read; behind a newline, where it is a mapping's own, the body
 * follows. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    if (len < 1) {
        return 0;
    }
    struct str text = {(const char *)bytes + 1, len - 1};
    struct source_mapping mapping = {0};
    struct source_body body = {.kind = source_kind_GENERIC, .text = text};
    struct arena *arena = arena_new();
    struct source_batch batch;
    struct problem problem = {0};
    if (bytes[0] % 4 == 1) {
        body.kind = source_kind_ALERTMANAGER;
    } else if (bytes[0] % 4 == 2) {
        body.kind = source_kind_GRAFANA;
    } else if (bytes[0] % 4 == 3) {
        struct str line = STR_NONE;
        struct str rest = text;
        bool is_text = str_split(&rest, '\n', &line) && line.len > 0 && str_is_utf8(line);
        mapping.title = is_text ? line : STR_NONE; /* The codec of records takes nothing else. */
        mapping.dedup_key = mapping.details = mapping.title;
        body.text = str_is_set(rest) ? rest : STR("");
        body.mapping = mapping_check(&mapping, &problem) == OK ? &mapping : NULL;
    }
    if (source_read(&body, arena, &batch, &problem) == OK) {
        check_batch(&batch);
    } else {
        assert(problem.err == E_INVALID && problem.field[0] != '\0');
    }
    arena_free(&arena);
    return 0;
}
