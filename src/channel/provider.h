/* channel/provider: what every provider of a channel must know how to do, as pure functions.
 *
 * A provider turns a message into the bytes of a request and the answer's bytes into a verdict; it
 * opens nothing. Only net/ (or, for the mock, the network inside the process) performs requests. No
 * provider's create is idempotent, so each attempt ends as one of four verdicts (protocols.md 0.1),
 * and UNKNOWN is asked for with `find` before it is repeated.
 * Ownership: everything in the arena given. Errors: E_INVALID where a message can never be sent by
 * this provider (a bad address); the attempt then counts as REFUSED. Threads: reentrant. Vtables
 * are complete: every slot is set, asserted at start. */
#ifndef TOCSIN_CHANNEL_PROVIDER_H
#define TOCSIN_CHANNEL_PROVIDER_H

#include "channel/news.h"
#include "channel/provider_settings.h"

/* A message as a provider needs it. Absent texts are STR_NONE. */
struct send_job {
    enum channel channel;
    struct str attempt; /* Our attempt id: a UUID, the same when an unknown outcome is repeated. */
    struct str to;      /* E.164, or an address. */
    struct str to_name;
    struct str subject;     /* Email only. */
    struct str text;        /* The message; for a call what is spoken. */
    struct str html;        /* Email only, may be absent. */
    struct str invite;      /* Email only: the text of an .ics to attach, may be absent. */
    struct str thread;      /* Email only: an id that a subject's mails share (References). */
    struct str language;    /* Of `text`: "en", "de". For speech. */
    struct str from;        /* The number to send from; absent for the settings' own. */
    struct str template_id; /* WhatsApp: the approved template's id; absent for plain text. */
    struct str template_variables; /* WhatsApp: a JSON object of its variables. */
    struct str unsubscribe_url;    /* Email: for List-Unsubscribe, may be absent. */
    /* A call that says something else to a machine: who picked up is found out before it speaks. 0
     * for others, where that comes later and nobody waits in silence for it. */
    enum machine_action machine;
    bool is_said_once;  /* A call of somebody's own words: nothing of ours is added to them. */
    struct str voice;   /* Of such a call: the provider's name of one; may be absent. */
    struct instant now; /* For Date headers; of a question, when it is asked. */
    struct instant claimed_at; /* When the attempt left. */
    struct instant made_since; /* `find`: what was made before, by our clock, is not the attempt. */
    struct instant valid_until;
    struct str
        last_code; /* The provider's own code of the attempt before, where it refused that. */
};

enum verdict_kind { VERDICT_ACCEPTED, VERDICT_REFUSED, VERDICT_NOT_SENT, VERDICT_UNKNOWN };

struct verdict {
    enum verdict_kind kind;
    struct str provider_id; /* ACCEPTED: the provider's id. */
    struct str error;       /* The rest: one sentence, no secrets. */
    enum failure_category category;
    enum failure_class class; /* REFUSED: what to do about it; 0 where only `is_temporary` is known.
                               */
    struct str code;          /* The provider's own code: "21610". */
    bool is_temporary;        /* REFUSED: worth trying again later (SMTP 4xx, 429). */
    bool is_mendable; /* REFUSED for what it can do without: the next attempt, which sees this
                         one's code as `last_code`, leaves that out. At most once. */
    int64_t retry_after_seconds;
    const struct str *others; /* read_find, ACCEPTED: further ids that would fit as well, where the
                                 provider does not tell attempts apart. */
    size_t other_count;
    const struct instant *found_at; /* read_find, ACCEPTED: when `provider_id` was made, and each of
                                       the others, by our clock, to the second; NULL where it does
                                       not tell. */
};

struct provider {
    const char *name;  /* "mock", "smtp", "twilio" */
    unsigned channels; /* Bits: 1u << channel_EMAIL … */
    /* At start: E_INVALID names in `problem` the variable that is missing (K8). */
    enum err (*check)(const struct provider_settings *settings, struct problem *problem);
    /* The same for what one channel of `channels` needs beyond that: a number to send from, a URL.
     */
    enum err (*check_channel)(const struct provider_settings *settings, enum channel channel,
                              struct problem *problem);
    enum err (*build_send)(const struct provider_settings *settings, const struct send_job *job,
                           struct arena *arena, struct wire_request *out, struct problem *problem);
    void (*read_send)(const struct send_job *job, const struct wire_answer *answer,
                      struct arena *arena, struct verdict *out);
    /* Whether an attempt whose outcome is unknown exists there. E_NOT_FOUND where a provider cannot
     * be asked (SMTP). */
    enum err (*build_find)(const struct provider_settings *settings, const struct send_job *job,
                           struct arena *arena, struct wire_request *out);
    /* ACCEPTED: it exists. NOT_SENT: it does not. UNKNOWN: ask again later. */
    void (*read_find)(const struct send_job *job, const struct wire_answer *answer,
                      struct arena *arena, struct verdict *out);
    /* Stops a queued or ringing call. E_NOT_FOUND where there is no such thing. */
    enum err (*build_cancel)(const struct provider_settings *settings, struct str provider_id,
                             struct arena *arena, struct wire_request *out);
    /* Asks what became of a message that it took. E_NOT_FOUND where it can't be asked. */
    enum err (*build_poll)(const struct provider_settings *settings, enum channel channel,
                           struct str provider_id, struct arena *arena, struct wire_request *out);
    /* NEWS_NONE where the answer tells nothing. `attempt` is left absent. */
    void (*read_poll)(enum channel channel, const struct wire_answer *answer, struct arena *arena,
                      struct provider_news *out);
    /* Asks for texts that people wrote since `since` (V10). E_NOT_FOUND where it can't be asked. */
    enum err (*build_inbox)(const struct provider_settings *settings, struct instant since,
                            struct arena *arena, struct wire_request *out);
    /* The question for the page behind the one that `answer` holds, which has older texts.
     * E_NOT_FOUND where that was the last; E_INVALID where it names one that may not be asked for.
     */
    enum err (*build_inbox_more)(const struct provider_settings *settings,
                                 const struct wire_answer *answer, struct arena *arena,
                                 struct wire_request *out);
    /* Of one page, oldest first. */
    void (*read_inbox)(const struct wire_answer *answer, struct arena *arena,
                       const struct provider_news **items, size_t *count);
    /* Whether a call to one of our webhooks is the provider's. E_FORBIDDEN where it is not. */
    enum err (*check_hook)(const struct provider_settings *settings, const struct hook_call *call,
                           struct arena *arena);
    /* What it says. E_INVALID with the field in `problem` where it can't be understood. */
    enum err (*read_hook)(const struct provider_settings *settings, const struct hook_call *call,
                          struct arena *arena, struct provider_news *out, struct problem *problem);
    /* What a call says: the job's text, or what stands for it where no key can be heard. */
    struct str (*spoken)(const struct provider_settings *settings, const struct send_job *job,
                         struct arena *arena);
    /* The document of a call, as the answer to HOOK_VOICE or HOOK_GATHER. */
    void (*write_voice)(const struct provider_settings *settings, const struct voice_page *page,
                        struct arena *arena, struct http_response *out);
    /* The answer to every other hook. `reply` is what is written back to who wrote (HOOK_SMS);
     * absent for nothing. */
    void (*write_answer)(enum hook hook, struct str reply, struct arena *arena,
                         struct http_response *out);
};

extern const struct provider provider_mock;
extern const struct provider provider_smtp;
extern const struct provider provider_twilio;
extern const struct provider provider_plivo;
extern const struct provider provider_exotel;
extern const struct provider provider_webhook;

/* By name; NULL for an unknown one. Every provider known, for documents and checks. */
const struct provider *provider_find(struct str name);
size_t providers_all(const struct provider *const **out);
/* A provider's id as the provider has it, for people: without the mark that we put before one of a
 * kind of its own ("request:"). */
struct str provider_id_shown(struct str provider_id);
/* Asserts that every slot of every provider is set. */
void providers_assert_complete(void);

#endif
