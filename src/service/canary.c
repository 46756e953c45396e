#include "service/engine.h"
#include "service/operator.h"
#include "service/person.h"
#include "service/providers.h"
#include "service/watch.h"
#include "service/wording.h"
#include "store/people.h"

/* The canary (requirement O9): a marked message to a person who was named for it goes out every so
 * often, the way that alerts go, and its receipt is awaited.
 *
 * Two timers of one kind: the one about the whole house sends, and one about each canary looks what
 * became of it, once it had its time and then until it is known. */

enum { ATTEMPTS_SHOWN_MAX = 20 };

static const struct duration patience = SECONDS_INIT(15 * 60);

/* --- What the operators are told --- */

static struct operator_note note_of(struct op *op, const char *title, struct str text)
{
    return (struct operator_note){
        .key = STR("canary"), .title = arena_printf(op->arena, "%s", title), .text = text};
}

static enum err tell_failing(struct op *op, const char *why)
{
    const struct watch_settings *watch = &op->site->watch;
    struct operator_note note =
        note_of(op, "The canary message does not arrive",
                arena_printf(op->arena,
                             "The test by %s to the person in TOCSIN_CANARY_USER did not arrive: "
                             "%s. Alerts by this channel may not arrive either; see "
                             "/api/v1/providers.",
                             enum_name(&channel_names, (int)watch->canary_channel), why));
    return operator_tell(op, &note);
}

static enum err tell_works(struct op *op)
{
    struct operator_note note = note_of(op, "The canary message arrives again",
                                        STR("The last test message was delivered."));
    return operator_recovered(op, &note);
}

/* --- Sending --- */

/* The setting names them by id, or by their number. */
static enum err find_person(struct op *op, struct user *out)
{
    struct str named = op->site->watch.canary_user;
    struct list found = {0};
    struct id id = ID_NONE;
    if (id_parse(op->site->id_key, named, &id) == OK) {
        return users_get(op->db, op->arena, id, out);
    }
    TRY(users_by_phone(op->db, op->arena, named, &found));
    if (found.count == 0) {
        return E_NOT_FOUND;
    }
    *out = ((const struct user *)found.items)[0];
    return OK;
}

/* Why it cannot go at all; NULL while it can. */
static enum err obstacle(struct op *op, const struct user *user, const char **out)
{
    enum channel channel = op->site->watch.canary_channel;
    struct reach_limits limits = person_limits(op);
    const struct provider *provider = NULL;
    struct str recipient = recipient_of(user, message_target_PERSON, channel);
    bool is_on = channel == channel_EMAIL      ? limits.email_on
                 : channel == channel_SMS      ? limits.sms_on
                 : channel == channel_WHATSAPP ? limits.whatsapp_on
                                               : limits.call_on;
    *out = NULL;
    if (!is_on || !str_is_set(recipient)) {
        *out = is_on ? "the person has no address for it" : "the channel is switched off";
        return OK;
    }
    TRY(provider_first(op, channel, recipient, &provider));
    *out = provider == NULL ? "the channel has no provider" : NULL;
    return OK;
}

/* The messages of a canary are about itself: by that they are found, whichever provider and attempt
 * they are. */
static enum err queue(struct op *op, const struct user *user, struct id canary)
{
    enum channel channel = op->site->watch.canary_channel;
    struct id ignored = ID_NONE;
    struct wording wording = {.key = text_key_CANARY_MESSAGE, .user = user};
    struct message_plan plan = {
        .subject_type = subject_type_SYSTEM,
        .subject = canary,
        .user = user->id,
        .target = message_target_PERSON,
        .channel = channel,
        .recipient = recipient_of(user, message_target_PERSON, channel),
        .due_at = op->now,
        .valid_until = instant_add(op->now, patience),
        .priority = PRIORITY_LOW,
    };
    TRY(word_message(op, &wording, &plan));
    return message_queue(op, &plan, &ignored);
}

static enum err send(struct op *op, const struct user *user)
{
    const char *why = NULL;
    struct id canary = op_new_id(op);
    TRY(obstacle(op, user, &why));
    if (why != NULL) {
        return tell_failing(op, why);
    }
    TRY(queue(op, user, canary));
    op_log(op, LOG_INFO, LOG_WORKER, "a canary message goes out by %s",
           enum_name(&channel_names, (int)op->site->watch.canary_channel));
    return timer_arm(op, (struct timer_request){timer_kind_CANARY, canary,
                                                instant_add(op->now, patience), PRIORITY_LOW});
}

/* A test is no reason to wake anybody: a call waits for the end of quiet hours. True where it
 * waits; for ever where these never end, which the operators are told. */
static bool waits_for_morning(const struct op *op, const struct user *user, struct instant *out)
{
    struct quiet_hours hours;
    bool is_quiet = op->site->watch.canary_channel == channel_CALL && person_is_quiet(op, user);
    return is_quiet && person_quiet_hours(user, &hours) &&
           quiet_hours_end(hours, op_zone(op, user->timezone), op->now, out);
}

static enum err go_out(struct op *op, struct timer *timer)
{
    const struct watch_settings *watch = &op->site->watch;
    struct user user = {0};
    struct instant morning = INSTANT_NONE;
    if (!str_is_set(watch->canary_user)) {
        return OK;
    }
    timer_run_again(op, timer, instant_add(op->now, watch->canary_every));
    enum err err = find_person(op, &user);
    if (err == E_NOT_FOUND) {
        return tell_failing(op, "TOCSIN_CANARY_USER names nobody who is known");
    }
    TRY(err);
    if (waits_for_morning(op, &user, &morning)) {
        timer_run_again(op, timer, morning);
        return OK;
    }
    return send(op, &user);
}

/* --- What became of it --- */

struct fate {
    bool has_arrived;
    bool is_open;
    struct message last;
};

/* A mail server that took a mail says no more of it, unless it comes back. */
static bool is_there(const struct message *message)
{
    bool is_taken = message->state == message_state_SENT && message->channel == channel_EMAIL &&
                    !message_is_test(message);
    return is_taken || message->state == message_state_DELIVERED ||
           message->state == message_state_ANSWERED;
}

static enum err read_fate(struct op *op, struct id canary, struct fate *out)
{
    struct list list = {0};
    int64_t total = 0;
    struct message_page page = {.subject = canary, .limit = ATTEMPTS_SHOWN_MAX};
    *out = (struct fate){.is_open = false};
    TRY(messages_page(op->db, op->arena, &page, &list, &total));
    const struct message *items = list.items;
    for (size_t i = 0; i < list.count; i++) {
        out->has_arrived = out->has_arrived || is_there(&items[i]);
        out->last = items[i];
    }
    out->is_open = list.count > 0 && !instant_is_set(out->last.ended_at);
    return OK;
}

static const char *why_not(const struct op *op, const struct message *message)
{
    const char *state = enum_name(&message_state_names, message->state);
    if (!str_is_set(message->error)) {
        return arena_printf(op->arena, "after 15 minutes it is %s at %.*s", state,
                            STR_FMT(message->provider))
            .ptr;
    }
    return arena_printf(op->arena, "%.*s (%s at %.*s)", STR_FMT(message->error), state,
                        STR_FMT(message->provider))
        .ptr;
}

/* What comes late is still news: it is looked for again until the next one goes out. */
static enum err look(struct op *op, struct timer *timer)
{
    struct fate fate = {0};
    struct duration age = instant_since(op->now, id_instant(timer->subject_id));
    TRY(read_fate(op, timer->subject_id, &fate));
    if (fate.has_arrived) {
        return tell_works(op);
    }
    if (fate.is_open && age.us + patience.us < op->site->watch.canary_every.us) {
        timer_run_again(op, timer, instant_add(op->now, patience));
    }
    return tell_failing(op, why_not(op, &fate.last));
}

/* The timer CANARY. */
enum err run_canary(struct op *op, struct timer *timer)
{
    return id_equal(timer->subject_id, whole_house_watched) ? go_out(op, timer) : look(op, timer);
}
