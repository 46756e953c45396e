#include "service/policies.h"

#include "service/lint.h"
#include "service/policy_rules.h"
#include "store/policies.h"

/* Far below every id that is made, and above none. */
static struct id built_in_id(int index)
{
    return (struct id){index + 1};
}

/* -1 for a name that does not come built in. */
static int built_in_index(struct str name)
{
    for (int i = 0; i < POLICIES_BUILT_IN; i++) {
        if (str_equal_text(name, policy_built_in_name(i))) {
            return i;
        }
    }
    return -1;
}

static struct str built_in_name_of(struct id id)
{
    bool is_built_in = id.value >= 1 && id.value <= POLICIES_BUILT_IN;
    return is_built_in ? str_from(policy_built_in_name((int)id.value - 1)) : STR_NONE;
}

static struct policy built_in_view(struct op *op, int index)
{
    struct policy_rules rules;
    struct str name = str_from(policy_built_in_name(index));
    bool is_there = policy_built_in(name, &rules);
    struct policy_ladder ladder = {0};
    if (is_there) {
        ladder = policy_rules_ladder(op->arena, &rules);
    }
    return (struct policy){.id = built_in_id(index),
                           .name = name,
                           .steps = ladder.steps,
                           .again = ladder.again,
                           .lease = ladder.lease,
                           .is_built_in = true};
}

static enum err version_view(struct op *op, const struct policy_entry *entry,
                             const struct policy_version *version, struct policy *out)
{
    struct policy_ladder ladder = {0};
    TRY(policy_ladder_read(op->arena, op->site->id_key, version->ladder, &ladder));
    *out = (struct policy){
        .id = entry->id,
        .name = entry->name,
        .description = version->description,
        .owner_id = version->owner_id,
        .steps = ladder.steps,
        .again = ladder.again,
        .lease = ladder.lease,
        .version = version->number,
        .created_at = entry->created_at,
        .updated_at = version->created_at,
        .updated_by = version->created_by,
        .archived_at = entry->archived_at,
    };
    return OK;
}

static enum err entry_view(struct op *op, const struct policy_entry *entry, struct policy *out)
{
    struct policy_version version = {0};
    TRY(db_get(op->db, TABLE_policy_versions, entry->version_id, op->arena, &version));
    return version_view(op, entry, &version, out);
}

static enum err version_in_force(struct op *op, struct id id, struct policy_in_force *out)
{
    struct policy_version version = {0};
    struct policy_ladder ladder = {0};
    TRY(db_get(op->db, TABLE_policy_versions, id, op->arena, &version));
    TRY(policy_ladder_read(op->arena, op->site->id_key, version.ladder, &ladder));
    out->version = version.id;
    out->owner = version.owner_id;
    policy_ladder_rules(&ladder, &out->rules);
    return OK;
}

static enum err built_in_in_force(struct str name, struct policy_in_force *out)
{
    out->name = name;
    out->version = out->owner = ID_NONE;
    return policy_built_in(name, &out->rules) ? OK : E_NOT_FOUND;
}

/* The entry of an id, unless it is archived. */
static enum err live_entry(struct op *op, struct id id, struct policy_entry *out)
{
    TRY(db_get(op->db, TABLE_policies, id, op->arena, out));
    return instant_is_set(out->archived_at) ? E_NOT_FOUND : OK;
}

enum err policy_of_path(struct op *op)
{
    struct policy_entry entry = {0};
    struct str name = op->path_text;
    if (!str_is_set(name)) {
        return OK;
    }
    if (text_is_uuid(name)) {
        return op_not_found(
            op, id_parse(op->site->id_key, name, &op->path_id) == OK ? OK : E_NOT_FOUND, "policy");
    }
    enum err err = policies_by_name(op->db, op->arena, name, &entry);
    int index = built_in_index(name);
    op->path_id = err == OK ? entry.id : index >= 0 ? built_in_id(index) : ID_NONE;
    return err == E_NOT_FOUND && index >= 0 ? OK : op_not_found(op, err, "policy");
}

enum err policy_current(struct op *op, struct str name, struct policy_in_force *out)
{
    struct policy_entry entry = {0};
    struct id id = ID_NONE;
    enum err err = E_NOT_FOUND;
    if (!text_is_uuid(name)) {
        err = policies_by_name(op->db, op->arena, name, &entry);
    } else if (id_parse(op->site->id_key, name, &id) == OK) {
        err = live_entry(op, id, &entry);
        name = built_in_name_of(id);
    }
    out->name = entry.name;
    return err == OK            ? version_in_force(op, entry.version_id, out)
           : err == E_NOT_FOUND ? built_in_in_force(name, out)
                                : err;
}

enum err policy_of_incident(struct op *op, const struct incident *incident,
                            struct policy_in_force *out)
{
    return id_is_set(incident->policy_version) ? version_in_force(op, incident->policy_version, out)
                                               : built_in_in_force(incident->policy, out);
}

static enum err audit_policy(struct op *op, const char *action, const struct policy *before,
                             const struct policy *after)
{
    bool had_one = before->version > 0;
    return op_audit(op,
                    (struct audit_entry){
                        .action = action,
                        .subject_type = subject_type_POLICY,
                        .subject = after->id,
                        .before = had_one ? op_record_text(op, &policy_record, before) : STR_NONE,
                        .after = op_record_text(op, &policy_record, after),
                    });
}

/* What is about to be saved. */
struct draft {
    const struct policy *wanted;
    struct policy_ladder ladder;
    struct policy_entry entry; /* version_id unset: there is no row yet. */
    struct policy before;      /* version 0: nothing is in force. */
};

static bool says_the_same(const struct op *op, const struct draft *draft)
{
    const struct policy *wanted = draft->wanted;
    const struct policy *before = &draft->before;
    struct policy_ladder old = policy_ladder_of(before);
    return before->version > 0 && id_equal(before->owner_id, wanted->owner_id) &&
           str_equal(before->description, wanted->description) &&
           str_equal(policy_ladder_write(op->arena, op->site->id_key, &old),
                     policy_ladder_write(op->arena, op->site->id_key, &draft->ladder));
}

static enum err add_version(struct op *op, struct draft *draft, struct policy *out)
{
    int64_t last = 0;
    struct policy_entry *entry = &draft->entry;
    bool is_new = !id_is_set(entry->version_id);
    TRY(policy_versions_last(op->db, entry->id, &last));
    struct policy_version version = {
        .id = op_new_id(op),
        .policy_id = entry->id,
        .number = last + 1,
        .description = draft->wanted->description,
        .owner_id = draft->wanted->owner_id,
        .ladder = policy_ladder_write(op->arena, op->site->id_key, &draft->ladder),
        .created_at = op->now,
        .created_by = op->actor.name,
    };
    entry->version_id = version.id;
    entry->archived_at = INSTANT_NONE;
    TRY(db_insert(op->db, TABLE_policy_versions, op->arena, &version));
    TRY(is_new ? db_insert(op->db, TABLE_policies, op->arena, entry)
               : db_update(op->db, TABLE_policies, op->arena, entry));
    TRY(version_view(op, entry, &version, out));
    op_log(op, LOG_INFO, LOG_RULE_ENGINE, "policy %.*s has version %lld", STR_FMT(entry->name),
           (long long)version.number);
    return audit_policy(op, draft->before.version > 0 ? "POLICY_CHANGED" : "POLICY_CREATED",
                        &draft->before, out);
}

static enum err save(struct op *op, struct draft *draft, struct policy *out, bool *is_changed)
{
    TRY(policy_form_check(op->arena, draft->wanted, &draft->ladder, op->problem));
    TRY(policy_names_check(op, draft->wanted, &draft->ladder));
    *is_changed = !says_the_same(op, draft);
    if (*is_changed) {
        TRY(add_version(op, draft, out));
    } else {
        *out = draft->before;
    }
    return lint_policy_saved(op, out);
}

/* The draft of a new policy. A built-in name keeps its id, also where it was replaced before and
 * its replacement archived. */
static enum err begin_new(struct op *op, const struct policy *wanted, struct draft *out)
{
    int index = built_in_index(wanted->name);
    *out = (struct draft){.wanted = wanted};
    if (index >= 0) {
        enum err err = db_get(op->db, TABLE_policies, built_in_id(index), op->arena, &out->entry);
        if (err != E_NOT_FOUND) {
            return err;
        }
    }
    out->entry = (struct policy_entry){.id = index >= 0 ? built_in_id(index) : op_new_id(op),
                                       .name = wanted->name,
                                       .created_at = op->now};
    return OK;
}

enum err policy_put(struct op *op, const struct policy *policy, struct policy *out,
                    bool *is_changed)
{
    struct draft draft = {.wanted = policy};
    enum err err = policies_by_name(op->db, op->arena, policy->name, &draft.entry);
    if (err == E_NOT_FOUND) {
        TRY(begin_new(op, policy, &draft));
    } else {
        TRY(err);
        TRY(entry_view(op, &draft.entry, &draft.before));
    }
    return save(op, &draft, out, is_changed);
}

enum err create_policy(struct op *op, const void *input, void *output)
{
    const struct policy *wanted = input;
    struct draft draft = {0};
    struct policy_entry other = {0};
    bool ignored = false;
    TRY(op_may_change(op, ID_NONE));
    enum err err = policies_by_name(op->db, op->arena, wanted->name, &other);
    if (err == OK) {
        return op_fail(op, E_DUPLICATE, "name",
                       "there is a policy of this name; change it with PUT");
    }
    TRY(err == E_NOT_FOUND ? OK : err);
    TRY(begin_new(op, wanted, &draft));
    return save(op, &draft, output, &ignored);
}

enum err replace_policy(struct op *op, const void *input, void *output)
{
    struct draft draft = {.wanted = input};
    bool ignored = false;
    TRY(op_may_change(op, ID_NONE));
    TRY(policy_of_path(op));
    struct str built_in = built_in_name_of(op->path_id);
    enum err err = live_entry(op, op->path_id, &draft.entry);
    if (err == E_NOT_FOUND && str_is_set(built_in)) {
        struct policy named = {.name = built_in};
        TRY(begin_new(op, &named, &draft));
        draft.wanted = input;
    } else {
        TRY(op_not_found(op, err, "policy"));
        TRY(entry_view(op, &draft.entry, &draft.before));
    }
    if (!str_equal(draft.wanted->name, draft.entry.name)) {
        return op_fail(op, E_INVALID, "name",
                       "must be \"%.*s\": others refer to it; add a policy of the new name",
                       STR_FMT(draft.entry.name));
    }
    return save(op, &draft, output, &ignored);
}

enum err archive_policy(struct op *op, const void *input, void *output)
{
    (void)input;
    struct policy_entry entry = {0};
    struct policy before = {0};
    TRY(op_may_change(op, ID_NONE));
    TRY(policy_of_path(op));
    enum err err = live_entry(op, op->path_id, &entry);
    if (err == E_NOT_FOUND && str_is_set(built_in_name_of(op->path_id))) {
        return op_fail(op, E_CONFLICT, NULL, "what comes built in cannot be removed");
    }
    TRY(op_not_found(op, err, "policy"));
    TRY(entry_view(op, &entry, &before));
    entry.archived_at = op->now;
    TRY(db_update(op->db, TABLE_policies, op->arena, &entry));
    TRY(lint_forget(op, subject_type_POLICY, entry.id));
    *(struct removed *)output = (struct removed){.id = entry.id, .deleted = true};
    struct policy after = before;
    after.archived_at = op->now;
    return audit_policy(op, "POLICY_ARCHIVED", &before, &after);
}

/* One whose version cannot be read is left out; the rest goes on. */
static enum err views(struct op *op, const struct list *entries, struct policy *out, size_t *count)
{
    *count = 0;
    for (size_t i = 0; i < entries->count; i++) {
        const struct policy_entry *entry = &((const struct policy_entry *)entries->items)[i];
        enum err err = entry_view(op, entry, &out[*count]);
        TRY(err == E_CORRUPT ? OK : err);
        if (err == E_CORRUPT) {
            op_log(op, LOG_ERROR, LOG_STORE, "the version in force of policy %.*s cannot be read",
                   STR_FMT(entry->name));
        }
        *count += err == OK;
    }
    return OK;
}

/* Puts those that come built in, and that no row replaces, before the rows that follow them.
 * `policies` has room for them. Returns how many there are now. */
static size_t add_built_in(struct op *op, const struct policy_page *page, struct policy *policies,
                           size_t count)
{
    for (int i = 0; i < POLICIES_BUILT_IN; i++) {
        size_t at = 0;
        struct id id = built_in_id(i);
        bool is_wanted =
            !str_is_set(page->name) || str_equal_text(page->name, policy_built_in_name(i));
        while (at < count && policies[at].id.value < id.value) {
            at++;
        }
        bool is_replaced = at < count && id_equal(policies[at].id, id);
        if (!is_wanted || is_replaced || id.value <= page->after.value) {
            continue;
        }
        for (size_t from = count; from > at; from--) {
            policies[from] = policies[from - 1];
        }
        policies[at] = built_in_view(op, i);
        count++;
    }
    return count;
}

/* How many of those that come built in no row replaces. */
static enum err count_built_in(struct op *op, struct str name, int64_t *out)
{
    struct policy_entry entry = {0};
    for (int i = 0; i < POLICIES_BUILT_IN; i++) {
        enum err err = live_entry(op, built_in_id(i), &entry);
        TRY(err == E_NOT_FOUND ? OK : err);
        bool is_wanted = !str_is_set(name) || str_equal_text(name, policy_built_in_name(i));
        *out += err == E_NOT_FOUND && is_wanted;
    }
    return OK;
}

enum err list_policies(struct op *op, const void *input, void *output)
{
    const struct policy_list_input *wanted = input;
    struct policy_list *out = output;
    struct list entries = {0};
    size_t count = 0;
    struct policy_page page = {.name = wanted->name, .limit = page_limit(wanted->limit) + 1};
    TRY(op_may_read(op, ID_NONE));
    TRY(op_cursor(op, wanted->cursor, &page.after));
    TRY(policies_page(op->db, op->arena, &page, &entries, &out->total));
    struct policy *policies =
        ARENA_NEW_ARRAY(op->arena, struct policy, entries.count + POLICIES_BUILT_IN);
    TRY(views(op, &entries, policies, &count));
    TRY(count_built_in(op, page.name, &out->total));
    out->policies = (struct list){policies, add_built_in(op, &page, policies, count)};
    if (page_trim(op, &out->policies, page.limit - 1)) {
        out->cursor = op_cursor_text(op, policies[out->policies.count - 1].id);
    }
    return OK;
}

/* An entry, archived ones too: what began with them still refers to them. */
static enum err any_entry(struct op *op, struct policy_entry *out)
{
    return op_not_found(op, db_get(op->db, TABLE_policies, op->path_id, op->arena, out), "policy");
}

enum err get_policy(struct op *op, const void *input, void *output)
{
    const struct policy_get_input *wanted = input;
    struct policy_entry entry = {0};
    struct policy_version version = {0};
    struct policy *out = output;
    TRY(op_may_read(op, ID_NONE));
    TRY(policy_of_path(op));
    if (wanted->version > 0) {
        TRY(any_entry(op, &entry));
        TRY(op_not_found(
            op, policy_versions_get(op->db, op->arena, entry.id, wanted->version, &version),
            "version of this policy"));
        return version_view(op, &entry, &version, out);
    }
    struct str built_in = built_in_name_of(op->path_id);
    enum err err = live_entry(op, op->path_id, &entry);
    if (err == E_NOT_FOUND && str_is_set(built_in)) {
        *out = built_in_view(op, built_in_index(built_in));
    } else {
        TRY(any_entry(op, &entry));
        TRY(entry_view(op, &entry, out));
    }
    return instant_is_set(out->archived_at) ? OK : lint_policy_view(op, out);
}

enum err list_policy_versions(struct op *op, const void *input, void *output)
{
    const struct page_input *wanted = input;
    struct policy_list *out = output;
    struct policy_entry entry = {0};
    struct list versions = {0};
    struct id after = ID_NONE;
    int64_t limit = page_limit(wanted->limit);
    struct policy_version_page page = {.limit = limit + 1};
    TRY(op_may_read(op, ID_NONE));
    TRY(policy_of_path(op));
    TRY(op_cursor(op, wanted->cursor, &after));
    page.policy = op->path_id;
    page.after = after.value;
    enum err err = db_get(op->db, TABLE_policies, op->path_id, op->arena, &entry);
    if (err == E_NOT_FOUND && str_is_set(built_in_name_of(op->path_id))) {
        return OK; /* Nobody has replaced it yet. */
    }
    TRY(op_not_found(op, err, "policy"));
    TRY(policy_versions_page(op->db, op->arena, &page, &versions));
    TRY(policy_versions_last(op->db, entry.id, &out->total));
    struct policy *policies = ARENA_NEW_ARRAY(op->arena, struct policy, versions.count + 1);
    for (size_t i = 0; i < versions.count; i++) {
        TRY(version_view(op, &entry, &((const struct policy_version *)versions.items)[i],
                         &policies[i]));
    }
    out->policies = (struct list){policies, versions.count};
    if (page_trim(op, &out->policies, limit)) {
        out->cursor = op_cursor_text(op, (struct id){policies[limit - 1].version});
    }
    return OK;
}
