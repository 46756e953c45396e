#include "channel/source.h"

#include <assert.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

/* An alert of Alertmanager or Grafana on its way into a report. */
struct source_item {
    const struct json_node *node; /* The alert. */
    const struct json_node *labels;
    const struct json_node *annotations;
    struct arena *arena;
    size_t index;
};

static enum err refuse(const struct source_item *alert, const char *member, struct problem *problem,
                       const char *advice)
{
    enum { FIELD_MAX = 64 };
    char field[FIELD_MAX];
    snprintf(field, sizeof field, "alerts[%zu].%s", alert->index, member);
    return problem_set(problem, E_INVALID, field, "%s", advice);
}

static void digest_label(const struct json_node *label, unsigned char out[SHA256_DIGEST_LENGTH])
{
    struct buf text = {0};
    buf_add(&text, label->name);
    buf_add_byte(&text, '\0');
    buf_add(&text, label->text);
    struct str whole = buf_str(&text);
    SHA256((const unsigned char *)whole.ptr, whole.len, out);
    buf_free(&text);
}

/* For an alert without one: labels have no order, so their digests are put together without one. */
static struct str fingerprint_of_labels(const struct source_item *alert)
{
    enum { FINGERPRINT_BYTES = 8 };
    unsigned char sum[SHA256_DIGEST_LENGTH] = {0};
    unsigned char digest[SHA256_DIGEST_LENGTH];
    struct buf out = {.arena = alert->arena};
    assert(alert->labels != NULL);
    for (size_t i = 0; i < alert->labels->count; i++) {
        digest_label(&alert->labels->items[i], digest);
        for (size_t j = 0; j < sizeof sum; j++) {
            sum[j] ^= digest[j];
        }
    }
    for (size_t i = 0; i < FINGERPRINT_BYTES; i++) {
        buf_printf(&out, "%02x", sum[i]);
    }
    return buf_str(&out);
}

/* Rows keep milliseconds. While an alert fires its endsAt is the year 1, which is no instant. */
static struct instant whole_ms(struct instant at)
{
    return instant_is_set(at) ? instant_from_ms(instant_ms(at)) : INSTANT_NONE;
}

static enum err read_times(const struct source_item *alert, struct source_report *out,
                           struct problem *problem)
{
    struct str start = json_tree_text(alert->node, "startsAt");
    struct instant at = INSTANT_NONE;
    bool is_told = str_is_set(start) && !str_starts(start, STR("0001-"));
    if (is_told && instant_parse(start, &at) != OK) {
        return refuse(alert, "startsAt", problem, "must be a time such as 2026-01-05T09:00:00Z");
    }
    out->starts_at = whole_ms(at);
    at = INSTANT_NONE;
    if (instant_parse(json_tree_text(alert->node, "endsAt"), &at) == OK) {
        out->ends_at = whole_ms(at);
    }
    return OK;
}

static struct str first_set(struct str a, struct str b)
{
    return str_trim(a).len > 0 ? a : b;
}

static struct str title_of(const struct source_item *alert, struct str fingerprint)
{
    struct str text = first_set(json_tree_text(alert->annotations, "summary"),
                                json_tree_text(alert->labels, "alertname"));
    text = first_set(text, json_tree_text(alert->annotations, "description"));
    text = first_set(text, arena_printf(alert->arena, "Alert %.*s", STR_FMT(fingerprint)));
    return source_line(alert->arena, text, SOURCE_TITLE_MAX);
}

static struct str details_of(const struct source_item *alert)
{
    struct buf out = {.arena = alert->arena};
    struct json_nodes used = {.count = 0};
    const struct json_node *told[] = {
        json_tree_member(alert->annotations, "summary"),
        json_tree_member(alert->annotations, "description"),
        alert->labels,
        alert->annotations,
        json_tree_member(alert->node, "status"),
        json_tree_member(alert->node, "endsAt"),
        json_tree_member(alert->node, "fingerprint"),
    };
    memcpy(used.items, told, sizeof told);
    used.count = ARRAY_LENGTH(told);
    source_add_text(&out, json_tree_text(alert->annotations, "description"));
    for (size_t i = 0; alert->annotations != NULL && i < alert->annotations->count; i++) {
        const struct json_node *one = &alert->annotations->items[i];
        source_add_details(&out, one->name, one, &used);
    }
    source_add_details(&out, STR("labels"), alert->labels, NULL);
    source_add_details(&out, STR(""), alert->node, &used);
    struct str whole = str_trim(buf_str(&out));
    return whole.len > 0 ? whole : STR_NONE;
}

static enum severity severity_of(const struct source_item *alert)
{
    enum severity severity = source_severity(NULL, json_tree_text(alert->labels, "severity"));
    return severity != severity_NONE
               ? severity
               : source_severity(NULL, json_tree_text(alert->labels, "priority"));
}

static enum err read_alert(const struct source_item *alert, enum source_kind kind,
                           struct source_report *out, struct problem *problem)
{
    bool has_labels = alert->labels != NULL && alert->labels->kind == JSON_KIND_OBJECT &&
                      alert->labels->count > 0;
    struct str fingerprint = source_key(alert->arena, json_tree_text(alert->node, "fingerprint"));
    if (alert->node->kind != JSON_KIND_OBJECT) {
        return refuse(alert, "status", problem, "an alert must be a JSON object");
    }
    if (!str_is_set(fingerprint) && !has_labels) {
        return refuse(alert, "fingerprint", problem,
                      "is missing, and there are no labels in its place");
    }
    struct str status = json_tree_text(alert->node, "status");
    out->signal =
        str_equal_nocase(status, STR("resolved")) ? alert_signal_RESOLVED : alert_signal_FIRING;
    out->repeats = true;
    out->dedup_key = str_is_set(fingerprint) ? fingerprint : fingerprint_of_labels(alert);
    out->title = title_of(alert, out->dedup_key);
    out->details = details_of(alert);
    out->severity = severity_of(alert);
    out->is_test = kind == source_kind_GRAFANA &&
                   str_equal(json_tree_text(alert->labels, "alertname"), STR("TestAlert"));
    return read_times(alert, out, problem);
}

enum err source_read_alerts(const struct source_body *body, const struct json_node *root,
                            struct arena *arena, struct source_batch *out, struct problem *problem)
{
    const struct json_node *alerts = json_tree_member(root, "alerts");
    if (alerts == NULL || alerts->kind != JSON_KIND_ARRAY) {
        return problem_set(problem, E_INVALID, "alerts", "must be an array of alerts");
    }
    out->items = ARENA_NEW_ARRAY(arena, struct source_report, alerts->count);
    for (size_t i = 0; i < alerts->count; i++) {
        const struct json_node *node = &alerts->items[i];
        struct source_item alert = {.node = node,
                                    .labels = json_tree_member(node, "labels"),
                                    .annotations = json_tree_member(node, "annotations"),
                                    .arena = arena,
                                    .index = i};
        TRY(read_alert(&alert, body->kind, &out->items[i], problem));
        out->count++;
    }
    bool is_cut = json_tree_int(root, "truncatedAlerts", &out->truncated) && out->truncated > 0;
    out->truncated = is_cut ? out->truncated : 0;
    return OK;
}
