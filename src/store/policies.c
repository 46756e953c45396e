#include "store/policies.h"

#include "model/json.h"

enum err policies_by_name(struct db *db, struct arena *arena, struct str name,
                          struct policy_entry *out)
{
    return db_one(db, S_policy_by_name, (struct db_into){TABLE_policies, arena}, out,
                  PARAMS(value_text(name)));
}

enum err policies_page(struct db *db, struct arena *arena, const struct policy_page *page,
                       struct list *out, int64_t *total)
{
    struct value name = value_text(str_is_set(page->name) ? page->name : STR(""));
    TRY(db_number(db, S_policies_count, total, PARAMS(name)));
    return db_all(db, S_policies_page, (struct db_into){TABLE_policies, arena}, out,
                  PARAMS(value_int(page->after.value), name, value_int(page->limit)));
}

enum err policy_versions_last(struct db *db, struct id policy, int64_t *out)
{
    return db_number(db, S_policy_version_last, out, PARAMS(value_id(policy)));
}

enum err policy_versions_get(struct db *db, struct arena *arena, struct id policy, int64_t number,
                             struct policy_version *out)
{
    return db_one(db, S_policy_version_of, (struct db_into){TABLE_policy_versions, arena}, out,
                  PARAMS(value_id(policy), value_int(number)));
}

enum err policy_versions_page(struct db *db, struct arena *arena,
                              const struct policy_version_page *page, struct list *out)
{
    return db_all(db, S_policy_versions_page, (struct db_into){TABLE_policy_versions, arena}, out,
                  PARAMS(value_id(page->policy), value_int(page->after), value_int(page->limit)));
}

struct str policy_ladder_write(struct arena *arena, struct hash_key id_key,
                               const struct policy_ladder *ladder)
{
    struct json_context context = {.arena = arena, .id_key = id_key};
    struct buf text = {.arena = arena};
    record_to_json(&context, &text, &policy_ladder_record, ladder);
    return buf_str(&text);
}

enum err policy_ladder_read(struct arena *arena, struct hash_key id_key, struct str text,
                            struct policy_ladder *out)
{
    struct json_context context = {.arena = arena, .id_key = id_key};
    return record_from_json(&context, &policy_ladder_record, text, out, NULL) == OK ? OK
                                                                                    : E_CORRUPT;
}

enum err findings_of_subject(struct db *db, struct arena *arena, enum subject_type type,
                             struct id subject, struct list *out)
{
    return db_all(db, S_findings_of_subject, (struct db_into){TABLE_lint_findings, arena}, out,
                  PARAMS(value_id(subject), value_enum(&subject_type_names, (int)type)));
}

enum err findings_remove(struct db *db, struct id id)
{
    return db_run(db, S_finding_remove, PARAMS(value_id(id)));
}

static struct value word_or_any(const struct enum_names *names, int value)
{
    return value_text(value == 0 ? STR("") : str_from(enum_name(names, value)));
}

enum err findings_page(struct db *db, struct arena *arena, const struct finding_page *page,
                       struct list *out, int64_t *total)
{
    struct value type = word_or_any(&subject_type_names, page->subject_type);
    struct value code = word_or_any(&lint_code_names, page->code);
    TRY(db_number(db, S_findings_count, total, PARAMS(type, code)));
    return db_all(db, S_findings_page, (struct db_into){TABLE_lint_findings, arena}, out,
                  PARAMS(value_int(page->after.value), type, code, value_int(page->limit)));
}
