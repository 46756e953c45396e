#include "service/integrations.h"

#include "channel/source.h"
#include "model/json.h"
#include "service/policies.h"
#include "store/people.h"
#include "store/sources.h"

#include <assert.h>

enum err check_reporting(struct op *op, struct id user, struct str policy)
{
    struct user person = {0};
    struct policy_in_force rules;
    enum err err = id_is_set(user) ? users_get(op->db, op->arena, user, &person) : OK;
    if (err == E_NOT_FOUND) {
        return op_fail(op, E_INVALID, "userId", "names nobody that is known");
    }
    TRY(err);
    err = str_is_set(policy) ? policy_current(op, policy, &rules) : OK;
    return err == E_NOT_FOUND
               ? op_fail(op, E_INVALID, "policy", "names no policy; see GET /api/v1/policies")
               : err;
}

enum err report_anyway(struct op *op, struct incident_report *report, struct incident *out,
                       bool *joined)
{
    enum err err = report_incident(op, report, out, joined);
    if (err != E_INVALID || (!id_is_set(report->user) && !str_is_set(report->policy))) {
        return err;
    }
    op_log(op, LOG_WARN, LOG_ESCALATION, "an alert is reported without %s: %s", op->problem->field,
           op->problem->message);
    bool has_user = check_reporting(op, report->user, STR_NONE) == OK;
    bool has_policy = check_reporting(op, ID_NONE, report->policy) == OK;
    report->user = has_user ? report->user : ID_NONE;
    report->policy = has_policy ? report->policy : STR_NONE;
    *op->problem = (struct problem){0};
    return report_incident(op, report, out, joined);
}

struct str make_source_key(const struct op *op, const char *prefix, struct str *hash)
{
    struct str random = random_secret(op->arena, KEY_SECRET_BYTES);
    struct str key = arena_printf(op->arena, "%s%.*s", prefix, STR_FMT(random));
    *hash = secret_hash(op->arena, key);
    return key;
}

struct str source_key_url(const struct op *op, const char *path, struct str key)
{
    struct str base = op->site->public_url;
    struct str text = str_from(path);
    size_t at = str_find_byte(text, '*', 0);
    return arena_printf(op->arena, "%.*s%.*s%.*s%.*s", STR_FMT(base),
                        STR_FMT(str_slice(text, 0, at)), STR_FMT(key),
                        STR_FMT(str_slice(text, at + 1, text.len)));
}

static struct json_context json_of(const struct op *op)
{
    return (struct json_context){
        .arena = op->arena, .id_key = op->site->id_key, .problem = op->problem};
}

enum err integration_open(struct op *op, struct integration *integration)
{
    struct json_context context = json_of(op);
    integration->is_signed = str_is_set(integration->secret);
    if (!str_is_set(integration->mapping_text)) {
        return OK;
    }
    struct source_mapping *mapping = ARENA_NEW(op->arena, struct source_mapping);
    enum err err = record_from_json(&context, &source_mapping_record, integration->mapping_text,
                                    mapping, NULL);
    integration->mapping = mapping;
    return err == OK ? OK : E_CORRUPT;
}

enum err find_integration(struct op *op, struct str key, struct integration *out)
{
    enum { KEY_BYTES_MAX = 128 };
    bool is_long = key.len > KEY_BYTES_MAX;
    enum err err = is_long ? E_NOT_FOUND : integrations_by_key(op->db, op->arena, key, out);
    if (err == E_NOT_FOUND) {
        return op_fail(op, E_NOT_FOUND, NULL, "there is no integration with this key");
    }
    TRY(err);
    return integration_open(op, out);
}

static enum err check(struct op *op, struct integration *integration)
{
    struct str header = integration->timestamp_header;
    if (!str_is_set(integration->name)) {
        return op_fail(op, E_INVALID, "name", "must not be null");
    }
    if (str_is_set(header) && !str_starts_nocase(header, STR("X-"))) {
        return op_fail(op, E_INVALID, "timestampHeader", "must begin with X-");
    }
    if (str_is_set(header) && !str_is_set(integration->secret)) {
        return op_fail(op, E_INVALID, "timestampHeader", "is of no use without a secret");
    }
    TRY(check_reporting(op, integration->user_id, integration->policy));
    integration->mapping_text = STR_NONE;
    if (integration->mapping != NULL) {
        TRY(mapping_check(integration->mapping, op->problem));
        struct json_context context = json_of(op);
        struct buf text = {.arena = op->arena};
        record_to_json(&context, &text, &source_mapping_record, integration->mapping);
        integration->mapping_text = buf_str(&text);
    }
    integration->is_signed = str_is_set(integration->secret);
    return OK;
}

static enum err audit(struct op *op, const char *action, const struct integration *before,
                      const struct integration *after)
{
    const struct integration *any = after != NULL ? after : before;
    assert(any != NULL);
    return op_audit(
        op,
        (struct audit_entry){
            .action = action,
            .subject_type = subject_type_INTEGRATION,
            .subject = any->id,
            .user = any->user_id,
            .before = before != NULL ? op_record_text(op, &integration_record, before) : STR_NONE,
            .after = after != NULL ? op_record_text(op, &integration_record, after) : STR_NONE,
        });
}

static enum err load(struct op *op, struct integration *out)
{
    TRY(op_not_found(op, integrations_get(op->db, op->arena, op->path_id, out), "integration"));
    return integration_open(op, out);
}

static void show_key(const struct op *op, struct integration *integration, struct str key)
{
    int kind = integration->kind;
    bool is_any = kind == source_kind_ANY;
    integration->key = key;
    if (is_any || kind == source_kind_GENERIC) {
        integration->events_url = source_key_url(op, "/api/v1/integrations/*/events", key);
    }
    if (is_any || kind == source_kind_ALERTMANAGER) {
        integration->alertmanager_url =
            source_key_url(op, "/api/v1/integrations/*/alertmanager", key);
    }
    if (is_any || kind == source_kind_GRAFANA) {
        integration->grafana_url = source_key_url(op, "/api/v1/integrations/*/grafana", key);
    }
}

enum err create_integration(struct op *op, const void *input, void *output)
{
    struct integration *integration = output;
    *integration = *(const struct integration *)input;
    TRY(op_may_administer(op));
    integration->kind = integration->kind == 0 ? source_kind_ANY : integration->kind;
    integration->severity = integration->severity == 0 ? severity_MEDIUM : integration->severity;
    TRY(check(op, integration));
    struct str key = make_source_key(op, "in_", &integration->key_hash);
    integration->id = op_new_id(op);
    integration->created_at = integration->updated_at = op->now;
    TRY(db_insert(op->db, TABLE_integrations, op->arena, integration));
    TRY(audit(op, "INTEGRATION_CREATED", NULL, integration));
    show_key(op, integration, key);
    return OK;
}

enum err list_integrations(struct op *op, const void *input, void *output)
{
    const struct page_input *wanted = input;
    struct integration_list *out = output;
    struct id after = ID_NONE;
    int64_t limit = page_limit(wanted->limit);
    TRY(op_may_read(op, ID_NONE));
    TRY(op_cursor(op, wanted->cursor, &after));
    TRY(integrations_page(op->db, op->arena, after, limit + 1, &out->integrations));
    TRY(integrations_count(op->db, &out->total));
    bool has_more = page_trim(op, &out->integrations, limit);
    size_t count = out->integrations.count;
    struct integration *shown = ARENA_NEW_ARRAY(op->arena, struct integration, count);
    for (size_t i = 0; i < count; i++) {
        shown[i] = ((const struct integration *)out->integrations.items)[i];
        TRY(integration_open(op, &shown[i]));
    }
    out->integrations.items = shown;
    out->cursor = has_more ? op_cursor_text(op, shown[count - 1].id) : STR_NONE;
    return OK;
}

enum err get_integration(struct op *op, const void *input, void *output)
{
    (void)input;
    TRY(op_may_read(op, ID_NONE));
    return load(op, output);
}

enum err change_integration(struct op *op, const void *input, void *output)
{
    struct integration *integration = output;
    struct integration before = {0};
    bool gives_secret = presence_has(op->given, record_field_index(&integration_record, "secret"));
    TRY(gives_secret ? op_may_administer(op) : op_may_change(op, ID_NONE));
    TRY(load(op, &before));
    *integration = before;
    record_merge(&integration_record, op->given, input, integration);
    TRY(check(op, integration));
    integration->updated_at = op->now;
    TRY(db_update(op->db, TABLE_integrations, op->arena, integration));
    return audit(op, "INTEGRATION_CHANGED", &before, integration);
}

enum err delete_integration(struct op *op, const void *input, void *output)
{
    (void)input;
    struct integration integration = {0};
    TRY(op_may_administer(op));
    TRY(load(op, &integration));
    integration.deleted_at = op->now;
    TRY(db_update(op->db, TABLE_integrations, op->arena, &integration));
    TRY(audit(op, "INTEGRATION_REMOVED", &integration, NULL));
    *(struct removed *)output = (struct removed){.id = integration.id, .deleted = true};
    return OK;
}

enum err rotate_integration(struct op *op, const void *input, void *output)
{
    (void)input;
    struct integration *integration = output;
    TRY(op_may_administer(op));
    TRY(load(op, integration));
    struct str key = make_source_key(op, "in_", &integration->key_hash);
    integration->updated_at = op->now;
    TRY(db_update(op->db, TABLE_integrations, op->arena, integration));
    TRY(audit(op, "INTEGRATION_ROTATED", NULL, integration));
    show_key(op, integration, key);
    return OK;
}
