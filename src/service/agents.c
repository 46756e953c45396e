#include "service/agents.h"

#include "channel/speech.h"
#include "service/agent_script.h"
#include "service/agent_warnings.h"
#include "service/pacer.h"
#include "store/call_counts.h"
#include "store/calls.h"

#include <stdio.h>

static enum err may_change(struct op *op)
{
    return op_may_change(op, ID_NONE);
}

/* The placeholders of a text that are not in the list yet; one without a text of its own anywhere
 * is required. */
static void add_placeholders(struct op *op, struct str text, struct list *list)
{
    struct script_part part;
    while (script_next(&text, &part)) {
        struct agent_placeholder *items = (struct agent_placeholder *)(uintptr_t)list->items;
        size_t at = 0;
        if (!str_is_set(part.name)) {
            continue;
        }
        while (at < list->count && !str_equal(items[at].name, part.name)) {
            at++;
        }
        if (at == list->count) {
            struct agent_placeholder *grown =
                ARENA_NEW_ARRAY(op->arena, struct agent_placeholder, list->count + 1);
            for (size_t i = 0; i < list->count; i++) {
                grown[i] = items[i];
            }
            grown[at].name = part.name;
            *list = (struct list){grown, list->count + 1};
            items = grown;
        }
        items[at].is_required = items[at].is_required || !str_is_set(part.fallback);
    }
}

static void find_placeholders(struct op *op, struct agent *agent)
{
    agent->placeholders = (struct list){0};
    add_placeholders(op, agent->greeting, &agent->placeholders);
    add_placeholders(op, agent->script, &agent->placeholders);
    add_placeholders(op, agent->machine_message, &agent->placeholders);
}

static struct agent agent_of(struct op *op, const struct agent_entry *entry,
                             const struct agent_version *version)
{
    struct agent agent = {
        .id = entry->id,
        .name = entry->name,
        .from_number = version->from_number,
        .voice = version->voice,
        .language = version->language,
        .greeting = version->greeting,
        .script = version->script,
        .on_machine = version->on_machine,
        .machine_message = version->machine_message,
        .opt_out_key = version->opt_out_key,
        .calls_per_minute = version->calls_per_minute,
        .version = version->number,
        .created_at = entry->created_at,
        .updated_at = version->created_at,
        .updated_by = version->created_by,
        .archived_at = entry->archived_at,
    };
    find_placeholders(op, &agent);
    return agent;
}

static enum err no_such_agent(struct op *op)
{
    return op_fail(op, E_AGENT_NOT_FOUND, NULL, "there is no such agent");
}

enum err agent_load(struct op *op, struct id id, int64_t number, struct agent *out)
{
    struct agent_entry entry = {0};
    struct agent_version version = {0};
    enum err err = db_get(op->db, TABLE_agents, id, op->arena, &entry);
    if (err == OK) {
        err =
            agent_version_of(op->db, op->arena, id, number == 0 ? entry.version : number, &version);
    }
    if (err == E_NOT_FOUND) {
        return no_such_agent(op);
    }
    TRY(err);
    *out = agent_of(op, &entry, &version);
    return OK;
}

enum err agent_in_force(struct op *op, struct id id, const struct agent **out)
{
    struct agent agent = {0};
    struct agent_cache *cache = &op->writer->agents;
    *out = agent_cache_find(cache, id);
    if (*out == NULL) {
        TRY(agent_load(op, id, 0, &agent));
        agent_cache_keep(cache, &agent);
        *out = agent_cache_find(cache, id);
    }
    return OK;
}

enum err agent_named(struct op *op, enum err err, const struct agent *agent)
{
    if (err == E_AGENT_NOT_FOUND) {
        return op_fail(op, err, "agentId", "there is no such agent");
    }
    TRY(err);
    return instant_is_set(agent->archived_at)
               ? op_fail(op, E_AGENT_NOT_FOUND, "agentId", "the agent was archived")
               : OK;
}

static enum err read_metadata(struct op *op, struct str metadata, const struct json_node **out)
{
    *out = NULL;
    return str_is_set(metadata) ? json_tree_read(op->arena, metadata, out) : OK;
}

/* The placeholders that nothing fills. */
static struct list find_missing(struct op *op, const struct agent *agent,
                                const struct json_node *metadata)
{
    const struct agent_placeholder *all = agent->placeholders.items;
    struct agent_placeholder *missing =
        ARENA_NEW_ARRAY(op->arena, struct agent_placeholder, agent->placeholders.count + 1);
    size_t count = 0;
    struct str ignored = STR_NONE;
    for (size_t i = 0; i < agent->placeholders.count; i++) {
        if (all[i].is_required && !script_value(metadata, all[i].name, &ignored)) {
            missing[count++] = all[i];
        }
    }
    return (struct list){missing, count};
}

/* Whether a look at the metadata's text shows that nothing is missing, as for most calls. */
static bool has_all(const struct agent *agent, struct str metadata)
{
    const struct agent_placeholder *all = agent->placeholders.items;
    bool has = true;
    for (size_t i = 0; i < agent->placeholders.count && has; i++) {
        has = !all[i].is_required || script_value_is_plain(metadata, all[i].name);
    }
    return has;
}

enum err agent_find_missing(struct op *op, const struct agent *agent, struct str metadata,
                            struct str *out)
{
    const struct json_node *root = NULL;
    *out = STR_NONE;
    if (has_all(agent, metadata)) {
        return OK;
    }
    TRY(read_metadata(op, metadata, &root));
    struct list missing = find_missing(op, agent, root);
    const struct agent_placeholder *first = missing.items;
    *out = missing.count == 0 ? STR_NONE : first->name;
    return OK;
}

enum err agent_check_metadata(struct op *op, const struct agent *agent, struct str metadata)
{
    struct str missing = STR_NONE;
    char field[64];
    TRY(agent_find_missing(op, agent, metadata, &missing));
    if (!str_is_set(missing)) {
        return OK;
    }
    snprintf(field, sizeof field, "metadata.%.*s", STR_FMT(missing));
    return op_fail(op, E_INVALID, field,
                   "metadata.%.*s is required by the script of the agent: a text, a number, true "
                   "or false",
                   STR_FMT(missing));
}

static void add_sentence(struct buf *out, struct str text, const struct json_node *metadata)
{
    if (out->len > 0 && str_is_set(text)) {
        buf_add_byte(out, ' ');
    }
    script_fill(out, text, metadata);
}

void agent_speak(struct arena *arena, const struct agent *agent, struct str metadata,
                 struct agent_speech *out)
{
    const struct json_node *root = NULL;
    struct buf text = {.arena = arena};
    struct buf machine_text = {.arena = arena};
    if (str_is_set(metadata) && json_tree_read(arena, metadata, &root) != OK) {
        root = NULL;
    }
    add_sentence(&text, agent->greeting, root);
    add_sentence(&text, agent->script, root);
    *out = (struct agent_speech){.text = buf_str(&text)};
    if (agent->on_machine == machine_action_LEAVE_MESSAGE) {
        script_fill(&machine_text, agent->machine_message, root);
        out->machine_text = str_is_set(agent->machine_message) ? buf_str(&machine_text) : out->text;
    }
}

static enum err check_agent(struct op *op, struct agent *agent)
{
    if (!str_is_set(agent->name) || !str_is_set(agent->script)) {
        return op_fail(op, E_INVALID, str_is_set(agent->name) ? "script" : "name",
                       "must not be null");
    }
    agent->language = str_is_set(agent->language) ? agent->language : STR("en");
    agent->on_machine = agent->on_machine == 0 ? machine_action_LEAVE_MESSAGE : agent->on_machine;
    TRY(script_check(agent->greeting, "greeting", op->problem));
    TRY(script_check(agent->script, "script", op->problem));
    TRY(script_check(agent->machine_message, "machineMessage", op->problem));
    find_placeholders(op, agent);
    return OK;
}

static enum err insert_version(struct op *op, const struct agent *agent)
{
    struct agent_version version = {
        .id = op_new_id(op),
        .agent_id = agent->id,
        .number = agent->version,
        .from_number = agent->from_number,
        .voice = agent->voice,
        .language = agent->language,
        .greeting = agent->greeting,
        .script = agent->script,
        .on_machine = agent->on_machine,
        .machine_message = agent->machine_message,
        .opt_out_key = agent->opt_out_key,
        .calls_per_minute = agent->calls_per_minute,
        .created_at = agent->updated_at,
        .created_by = agent->updated_by,
    };
    return db_insert(op->db, TABLE_agent_versions, op->arena, &version);
}

static struct agent_entry entry_of(const struct agent *agent)
{
    return (struct agent_entry){.id = agent->id,
                                .name = agent->name,
                                .version = agent->version,
                                .created_at = agent->created_at,
                                .updated_at = agent->updated_at,
                                .archived_at = agent->archived_at};
}

static enum err audit_agent(struct op *op, const char *action, const struct agent *before,
                            const struct agent *after)
{
    return op_audit(
        op, (struct audit_entry){
                .action = action,
                .subject_type = subject_type_AGENT,
                .subject = after->id,
                .before = before == NULL ? STR_NONE : op_record_text(op, &agent_record, before),
                .after = op_record_text(op, &agent_record, after),
            });
}

/* What is left of an agent whose words cannot be opened: it can be seen, and archived. */
static enum err load_or_bare(struct op *op, const struct agent_entry *entry, struct agent *out)
{
    enum err err = agent_load(op, entry->id, 0, out);
    if (err != E_CORRUPT && err != E_AGENT_NOT_FOUND) {
        return err;
    }
    struct agent_warning *warning = ARENA_NEW(op->arena, struct agent_warning);
    warning->text = STR("Its words cannot be opened: the key that sealed them is lost, or the row "
                        "is damaged. Calls of it fail: archive it, and add another.");
    *out = (struct agent){
        .id = entry->id,
        .name = entry->name,
        .version = entry->version,
        .created_at = entry->created_at,
        .updated_at = entry->updated_at,
        .archived_at = entry->archived_at,
        .warnings = {warning, 1},
    };
    return OK;
}

static enum err load_for_change(struct op *op, struct agent *out)
{
    struct agent_entry entry = {0};
    enum err err = db_get(op->db, TABLE_agents, op->path_id, op->arena, &entry);
    if (err == E_NOT_FOUND) {
        return no_such_agent(op);
    }
    TRY(err);
    return load_or_bare(op, &entry, out);
}

enum err create_agent(struct op *op, const void *input, void *output)
{
    struct agent *agent = output;
    *agent = *(const struct agent *)input;
    TRY(may_change(op));
    TRY(check_agent(op, agent));
    agent->id = op_new_id(op);
    agent->version = 1;
    agent->created_at = agent->updated_at = op->now;
    agent->updated_by = op->actor.name;
    struct agent_entry entry = entry_of(agent);
    TRY(db_insert(op->db, TABLE_agents, op->arena, &entry));
    TRY(insert_version(op, agent));
    TRY(audit_agent(op, "AGENT_CREATED", NULL, agent));
    return agent_warn(op, NULL, agent);
}

enum err list_agents(struct op *op, const void *input, void *output)
{
    const struct agent_list_input *wanted = input;
    struct agent_list *out = output;
    struct list entries = {0};
    struct agent_page page = {.with_archived = wanted->archived,
                              .limit = page_limit(wanted->limit) + 1};
    TRY(op_cursor(op, wanted->cursor, &page.after));
    TRY(agents_page(op->db, op->arena, &page, &entries));
    TRY(agents_count(op->db, page.with_archived, &out->total));
    const struct agent_entry *rows = entries.items;
    if (page_trim(op, &entries, page.limit - 1)) {
        out->cursor = op_cursor_text(op, rows[entries.count - 1].id);
    }
    struct agent *agents = ARENA_NEW_ARRAY(op->arena, struct agent, entries.count + 1);
    for (size_t i = 0; i < entries.count; i++) {
        TRY(load_or_bare(op, &rows[i], &agents[i]));
    }
    out->agents = (struct list){agents, entries.count};
    return OK;
}

enum err get_agent(struct op *op, const void *input, void *output)
{
    const struct agent_get_input *wanted = input;
    TRY(agent_load(op, op->path_id, wanted->version, output));
    return agent_warn(op, NULL, output);
}

enum err list_agent_versions(struct op *op, const void *input, void *output)
{
    const struct page_input *wanted = input;
    struct agent_list *out = output;
    struct agent_entry entry = {0};
    struct list versions = {0};
    struct id after = ID_NONE;
    int64_t limit = page_limit(wanted->limit);
    TRY(op_may_read(op, ID_NONE));
    TRY(op_cursor(op, wanted->cursor, &after));
    enum err err = db_get(op->db, TABLE_agents, op->path_id, op->arena, &entry);
    if (err == E_NOT_FOUND) {
        return no_such_agent(op);
    }
    TRY(err);
    TRY(agent_versions_page(op->db, op->arena, entry.id, after.value, &versions));
    const struct agent_version *rows = versions.items;
    if (page_trim(op, &versions, limit)) {
        out->cursor = op_cursor_text(op, (struct id){rows[versions.count - 1].number});
    }
    struct agent *agents = ARENA_NEW_ARRAY(op->arena, struct agent, versions.count + 1);
    for (size_t i = 0; i < versions.count; i++) {
        agents[i] = agent_of(op, &entry, &rows[i]);
    }
    out->agents = (struct list){agents, versions.count};
    out->total = entry.version;
    return OK;
}

enum err change_agent(struct op *op, const void *input, void *output)
{
    struct agent *agent = output;
    struct agent before = {0};
    TRY(may_change(op));
    TRY(load_for_change(op, &before));
    if (instant_is_set(before.archived_at)) {
        return op_fail(op, E_OPERATION, NULL, "the agent was archived; nothing of it changes");
    }
    if (!str_is_set(before.script)) {
        return op_fail(op, E_OPERATION, NULL,
                       "the words of the agent cannot be opened any more; archive it, and add "
                       "another");
    }
    *agent = before;
    record_merge(&agent_record, op->given, input, agent);
    TRY(check_agent(op, agent));
    if (str_equal(op_whole_text(op, &agent_record, &before),
                  op_whole_text(op, &agent_record, agent))) {
        return OK; /* Nothing has changed: no version is made of that. */
    }
    agent_cache_forget(&op->writer->agents, agent->id);
    agent->version++;
    agent->updated_at = op->now;
    agent->updated_by = op->actor.name;
    struct agent_entry entry = entry_of(agent);
    TRY(db_update(op->db, TABLE_agents, op->arena, &entry));
    TRY(insert_version(op, agent));
    pace_changed(op, agent->id);
    TRY(audit_agent(op, "AGENT_CHANGED", &before, agent));
    return agent_warn(op, &before, agent);
}

/* Its calls go on: whoever wants to stop them cancels them. */
static enum err note_calls(struct op *op, const struct agent *agent, struct str *out)
{
    struct call_tally tally = {0};
    TRY(call_counts_read(op->db, count_scope_AGENT, agent->id.value, &tally));
    int64_t count = tally.pending + tally.processing;
    *out = count == 0 ? STR_NONE
                      : arena_printf(op->arena,
                                     count == 1 ? "%lld call of it is not over, and is still made; "
                                                  "cancel it where it should not be."
                                                : "%lld calls of it are not over, and are still "
                                                  "made; cancel them where they should not be.",
                                     (long long)count);
    return OK;
}

enum err archive_agent(struct op *op, const void *input, void *output)
{
    (void)input;
    struct agent agent = {0};
    TRY(may_change(op));
    TRY(load_for_change(op, &agent));
    if (instant_is_set(agent.archived_at)) {
        return op_fail(op, E_AGENT_NOT_FOUND, NULL, "the agent was archived before");
    }
    struct removed *removed = output;
    *removed = (struct removed){.id = agent.id, .deleted = true};
    TRY(note_calls(op, &agent, &removed->message));
    struct agent before = agent;
    agent_cache_forget(&op->writer->agents, agent.id);
    agent.archived_at = op->now;
    struct agent_entry entry = entry_of(&agent);
    TRY(db_update(op->db, TABLE_agents, op->arena, &entry));
    return audit_agent(op, "AGENT_ARCHIVED", &before, &agent);
}

enum err agent_preview_speech(struct op *op, const struct agent *agent, struct str metadata,
                              struct agent_preview *out)
{
    struct agent_speech speech = {0};
    const struct json_node *root = NULL;
    TRY(read_metadata(op, metadata, &root));
    agent_speak(op->arena, agent, metadata, &speech);
    *out = (struct agent_preview){
        .text = speech.text,
        .machine_text = speech.machine_text,
        .seconds = speech_seconds(speech_of(speech.text, op->arena)),
        .version = agent->version,
        .missing = find_missing(op, agent, root),
    };
    return OK;
}

enum err preview_agent(struct op *op, const void *input, void *output)
{
    const struct agent_preview_input *wanted = input;
    struct agent agent = {0};
    TRY(agent_load(op, op->path_id, wanted->version, &agent));
    return agent_preview_speech(op, &agent, wanted->metadata, output);
}
