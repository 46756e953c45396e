#include "service/agent_warnings.h"

#include "base/buf.h"
#include "service/degraded.h"
#include "store/call_counts.h"

enum { WARNINGS_MAX = 4 };

static void add(struct agent *agent, struct str text)
{
    struct agent_warning *items = (struct agent_warning *)(uintptr_t)agent->warnings.items;
    items[agent->warnings.count++].text = text;
}

static bool calls_go_by(const struct site *site, const struct provider *provider)
{
    return (provider_channels(site, provider) & 1u << channel_CALL) != 0;
}

/* By a provider whose calls really ring. */
static bool calls_are_real(const struct site *site)
{
    return calls_go_by(site, &provider_twilio) || calls_go_by(site, &provider_plivo) ||
           calls_go_by(site, &provider_exotel);
}

static bool has_words_for_machines(const struct agent *agent)
{
    return agent->on_machine != machine_action_LEAVE_MESSAGE || str_is_set(agent->machine_message);
}

static void warn_of_settings(const struct site *site, struct agent *agent)
{
    bool is_deaf = calls_are_real(site) && !str_is_set(site->provider_settings.public_url);
    bool is_blind = calls_are_real(site) && !site->provider_settings.detects_machines;
    if (is_deaf && str_is_set(agent->opt_out_key)) {
        add(agent, STR("optOutKey does nothing: without TOCSIN_PUBLIC_URL no key is heard in a "
                       "call. Leave it out, and promise no key in the script."));
    }
    if (!has_words_for_machines(agent)) {
        return;
    }
    if (is_blind) {
        add(agent, STR("onMachine and machineMessage are of no effect: "
                       "CALL_MACHINE_DETECTION=false, and a machine passes for a person."));
    } else if (is_deaf) {
        add(agent, STR("Without TOCSIN_PUBLIC_URL a machine hears what a person hears: greeting "
                       "and script, whatever onMachine and machineMessage say."));
    }
    if (!is_blind && calls_go_by(site, &provider_exotel)) {
        add(agent, STR("onMachine and machineMessage are of no effect in calls by exotel, which "
                       "does not tell machines from people."));
    }
}

static bool is_required(const struct agent *agent, struct str name)
{
    const struct agent_placeholder *items = agent->placeholders.items;
    for (size_t i = 0; i < agent->placeholders.count; i++) {
        if (str_equal(items[i].name, name)) {
            return items[i].is_required;
        }
    }
    return false;
}

/* "{{a}}, {{b}}": what the agent asks for and did not before. */
static struct str newly_required(struct op *op, const struct agent *before,
                                 const struct agent *agent)
{
    const struct agent_placeholder *items = agent->placeholders.items;
    struct buf names = {.arena = op->arena};
    for (size_t i = 0; i < agent->placeholders.count; i++) {
        if (items[i].is_required && !is_required(before, items[i].name)) {
            buf_printf(&names, "%s{{%.*s}}", names.len == 0 ? "" : ", ", STR_FMT(items[i].name));
        }
    }
    return buf_str(&names);
}

/* Which of them lack it is known when each is due; to open the metadata of all would take long. */
static enum err warn_of_calls(struct op *op, const struct agent *before, struct agent *agent)
{
    struct call_tally tally = {0};
    struct str names = newly_required(op, before, agent);
    if (names.len == 0) {
        return OK;
    }
    TRY(call_counts_read(op->db, count_scope_AGENT, agent->id.value, &tally));
    if (tally.pending > 0) {
        add(agent, arena_printf(op->arena,
                                "%.*s is required from now on. %lld pending calls of this agent "
                                "were scheduled before; those whose metadata has no such member "
                                "will not be made and fail with missing_metadata. A text behind a "
                                "bar, as in {{name|there}}, would stand in for it.",
                                STR_FMT(names), (long long)tally.pending));
    }
    return OK;
}

enum err agent_warn(struct op *op, const struct agent *before, struct agent *agent)
{
    agent->warnings =
        (struct list){ARENA_NEW_ARRAY(op->arena, struct agent_warning, WARNINGS_MAX), 0};
    warn_of_settings(op->site, agent);
    return before == NULL ? OK : warn_of_calls(op, before, agent);
}
