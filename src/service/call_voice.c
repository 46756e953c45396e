#include "service/call_voice.h"

#include "service/agents.h"
#include "service/call_outcomes.h"
#include "service/call_start.h"
#include "service/do_not_call.h"
#include "service/messages.h"
#include "service/wording.h"

/* One that has begun with the agent's newest finds it in the writer's memory. */
static enum err find_agent(struct op *op, const struct scheduled_call *call, struct agent *out)
{
    const struct agent *newest = NULL;
    if (op->writer != NULL) {
        TRY(agent_in_force(op, call->agent_id, &newest));
        if (newest->version == call->agent_version) {
            *out = *newest;
            return OK;
        }
    }
    return agent_load(op, call->agent_id, call->agent_version, out);
}

enum err call_agent_of(struct op *op, const struct scheduled_call *call, struct agent *out)
{
    enum err err = find_agent(op, call, out);
    if (call_err_is_damage(err)) {
        *out = (struct agent){.id = call->agent_id};
        return OK;
    }
    return err;
}

static enum err speech_of(struct op *op, const struct scheduled_call *call, struct agent *agent,
                          struct agent_speech *out)
{
    TRY(call_agent_of(op, call, agent));
    agent_speak(op->arena, agent, call->metadata, out);
    return OK;
}

enum err call_words(struct op *op, struct message *message)
{
    struct scheduled_call *call = NULL;
    struct agent agent = {0};
    struct agent_speech speech = {0};
    enum err err = call_in_hand(op, message->subject_id, &call);
    if (err != OK) {
        return err == E_NOT_FOUND ? OK : err;
    }
    TRY(speech_of(op, call, &agent, &speech));
    message->text = speech.text;
    return OK;
}

/* A sentence of ours, in the language of the agent. */
static enum err say(struct op *op, const struct voice_page *page, enum text_key key,
                    struct str *out)
{
    struct user callee = {.locale = page->language};
    struct wording wording = {.key = key, .user = &callee};
    return word_speech(op, &wording, out);
}

static struct voice_page page_of(const struct op *op, const struct message *message)
{
    return (struct voice_page){
        .attempt = op_id_text(op, message->wire_id),
        .language = str_is_set(message->language) ? message->language : STR("en"),
        .is_said_once = true,
    };
}

static char key_of(const struct agent *agent)
{
    return str_is_set(agent->opt_out_key) && agent->opt_out_key.len > 0 ? agent->opt_out_key.ptr[0]
                                                                        : '\0';
}

static void say_to_machine(const struct agent *agent, const struct agent_speech *speech,
                           struct voice_page *out)
{
    bool leaves_message = agent->on_machine == machine_action_LEAVE_MESSAGE;
    out->speech = !leaves_message                    ? STR("")
                  : str_is_set(speech->machine_text) ? speech->machine_text
                                                     : speech->text;
}

enum err call_picked_up(struct op *op, const struct message *message, bool is_machine,
                        struct voice_page *out)
{
    struct scheduled_call *call = NULL;
    struct agent agent = {0};
    struct agent_speech speech = {0};
    const char *stale = NULL;
    *out = page_of(op, message);
    TRY(call_in_hand(op, message->subject_id, &call));
    TRY(call_message_stale(op, message, &stale));
    TRY(speech_of(op, call, &agent, &speech));
    out->voice = agent.voice;
    /* Who picks up a minute after closing is still spoken to. */
    bool is_over = (stale != NULL && !str_equal_text(STR("outside_hours"), stale)) ||
                   !str_is_set(agent.script);
    if (is_over) {
        return is_machine ? OK : say(op, out, text_key_VOICE_CALL_OVER, &out->speech);
    }
    if (is_machine) {
        say_to_machine(&agent, &speech, out);
        return OK;
    }
    out->speech = speech.text;
    out->asks = key_of(&agent) != '\0';
    return OK;
}

enum err call_take_key(struct op *op, const struct message *message, char key, struct str heard,
                       bool *is_taken)
{
    struct scheduled_call *call = NULL;
    struct agent agent = {0};
    struct do_not_call row = {0};
    bool is_known = false;
    TRY(call_in_hand(op, message->subject_id, &call));
    TRY(call_agent_of(op, call, &agent));
    *is_taken = key != '\0' && key == key_of(&agent);
    if (!*is_taken) {
        return OK;
    }
    op_log(op, LOG_INFO, LOG_CALL, "key %c pressed: the callee opts out", key);
    struct opt_out request = {
        .phone = call->phone, .source = consent_source_KEY, .call = call->id, .reason = heard};
    TRY(do_not_call_add(op, &request, &row, &is_known));
    return message_confirm(op, message, heard);
}

enum err call_after_key(struct op *op, const struct message *message, char key,
                        struct voice_page *out)
{
    struct scheduled_call *call = NULL;
    struct agent agent = {0};
    *out = page_of(op, message);
    TRY(call_in_hand(op, message->subject_id, &call));
    TRY(call_agent_of(op, call, &agent));
    out->voice = agent.voice;
    if (key == '\0') {
        out->speech = STR("");
        return OK;
    }
    return key == key_of(&agent) ? say(op, out, text_key_VOICE_OPTED_OUT, &out->speech)
                                 : call_picked_up(op, message, false, out);
}
