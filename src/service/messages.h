/* service/messages: the life of an outgoing message: promised, handed over, followed, repeated at
 * most once when its fate is unknown.
 *
 * Intent before effect (architecture.md rule 1): a message is QUEUED in the commit of what decided
 * it; the courier commits SENDING before a byte leaves; the verdict commits the end. What became of
 * it is told to the alert or the step that it belongs to, in the same commit, and so is each change
 * of its state to message_events (V1). What follows a failure: docs/decisions/0004. */
#ifndef TOCSIN_SERVICE_MESSAGES_H
#define TOCSIN_SERVICE_MESSAGES_H

#include "domain/reach.h"
#include "service/op.h"
#include "store/messages.h"

struct message_plan {
    enum subject_type subject_type;
    struct id subject;
    struct id step;    /* The alert or the step. */
    struct id meeting; /* Unset where there is none. */
    struct id user;
    enum severity severity; /* IN_APP: what the notification shows; 0 for none. */
    enum message_target target;
    enum channel channel;
    struct str recipient;
    struct str subject_line;
    struct str text;
    struct str html;
    struct str invite;
    struct str from_number;        /* Absent for the provider's own. */
    struct str language;           /* service/wording fills these four. */
    struct str template_id;        /* WhatsApp: absent for plain text. */
    struct str template_variables; /* WhatsApp: a JSON object. */
    int64_t segments;              /* SMS: 0 for others. */
    struct instant due_at;
    struct instant valid_until; /* Unset for none. */
    int priority;
    int64_t attempt; /* Of its step and target; 0 for the first. */
};

/* Writes the row and, for a channel that leaves the process, asks the courier. A call takes one of
 * the person's two places (K2): E_RATE_LIMITED when there is none, and nothing is written. */
NODISCARD enum err message_queue(struct op *op, const struct message_plan *plan, struct id *out);

/* The row in call_logs (K6) for a call that was decided against before there was a message. */
NODISCARD enum err log_refused_call(struct op *op, struct id meeting, struct id user,
                                    const struct reach_choice *choice);

/* Fills the texts, which a message that was read lacks. What a scheduled call says is made from its
 * agent and its metadata: it has no row of texts. */
NODISCARD enum err message_words(struct op *op, struct message *message);
/* What was learnt about a message, in that order. When it was promised and taken up the row itself
 * tells: there are no events of that. */
NODISCARD enum err message_story(struct op *op, const struct message *message, struct list *out);
/* Why the message must not go out any more, as a constant word; NULL while it must (K5). */
NODISCARD enum err message_stale(struct op *op, const struct message *message, const char **reason);
/* QUEUED or on its way and needless: CANCELLED, and its step SKIPPED or cancelled with the reason.
 */
NODISCARD enum err message_drop(struct op *op, const struct message *message, const char *reason);
/* Stops every message about a meeting or an incident that is still on its way, ringing calls too.
 * What a meeting's incident sends is about the incident. */
NODISCARD enum err messages_stop_subject(struct op *op, struct id subject, const char *reason);
/* The same for those to one person. */
NODISCARD enum err messages_stop_person(struct op *op, struct id subject, struct id user,
                                        const char *reason);

/* For the courier: QUEUED to SENDING, at op->now, for `message->provider`; the row in memory too.
 */
NODISCARD enum err message_claimed(struct op *op, struct message *message);
/* What a provider's answer to a send, or to the question after it, means for the message. */
NODISCARD enum err message_settle_send(struct op *op, struct message *message,
                                       const struct verdict *verdict);
NODISCARD enum err message_settle_find(struct op *op, struct message *message,
                                       const struct verdict *verdict);
/* What it said when it was told to stop a call: told again while it may ring and has not heard. */
NODISCARD enum err message_settle_stop(struct op *op, const struct message *message,
                                       const struct wire_answer *answer);
/* Longer than any phone rings. */
extern const struct duration call_rings_max;
/* What the same provider said to the attempt before, where it refused that. */
NODISCARD enum err message_last_code(struct op *op, const struct message *message, struct str *out);
/* It was only built and checked (K8): its name is none that its provider ever heard. */
bool message_is_test(const struct message *message);
/* The fate is unknown and the provider cannot be asked (build_find says E_NOT_FOUND): it is waited
 * for where the provider may still call us, then sent once more, then never again. */
NODISCARD enum err message_repeat(struct op *op, struct message *message);
/* What its provider says when it is asked about a message that it took (EFFECT_FIND while the
 * message is not SENDING any more); NEWS_NONE for a question that failed. */
NODISCARD enum err message_take_poll(struct op *op, struct message *message,
                                     const struct provider_news *news);

/* The one way in for what providers say about messages: found by our attempt id, or else by the
 * provider's id; an id that nobody knows is kept for ten minutes. Repeated and late news is no
 * error. `provider` is who says it. */
NODISCARD enum err message_take_news(struct op *op, const struct provider *provider,
                                     const struct provider_news *news, enum message_source source);
/* Since when an end that nobody signed (is_unproven) waits for its provider's word about it; none
 * where nothing waits. message_take_unproven takes it as it is. */
NODISCARD enum err message_unproven_since(struct op *op, const struct message *message,
                                          struct instant *out);
NODISCARD enum err message_take_unproven(struct op *op, const struct message *message);
/* The person answered by a key, a reply or a link: CONFIRMED, and reached where the provider has
 * not said so yet. `word` is what they did, for the trail: "key 1"; no text of theirs. */
NODISCARD enum err message_confirm(struct op *op, const struct message *message, struct str word);

/* IN_APP: the person has seen it, which is no answer: REACHED. Nothing where there is no such
 * message. */
NODISCARD enum err message_seen(struct op *op, struct id id);

NODISCARD enum err list_messages(struct op *op, const void *input, void *output);
NODISCARD enum err replay_message(struct op *op, const void *input, void *output);
NODISCARD enum err get_message(struct op *op, const void *input, void *output);
/* The addresses that messages to a person do not use (service/suppressions). */
NODISCARD enum err list_suppressions(struct op *op, const void *input, void *output);

#endif
