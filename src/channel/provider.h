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

#include "base/arena.h"
#include "model/enums.h"
#include "model/http.h"

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
    struct instant now;            /* For Date headers. */
    struct instant claimed_at;     /* When the attempt left: where `find` begins to look. */
    struct instant valid_until;
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
    int64_t retry_after_seconds;
    const struct str *others; /* read_find, ACCEPTED: further ids that would fit as well, where the
                                 provider does not tell attempts apart. */
    size_t other_count;
};

/* What a provider calls us for: the last part of /webhooks/{provider}/{hook}. */
enum hook { HOOK_SMS_STATUS, HOOK_CALL_STATUS, HOOK_VOICE, HOOK_GATHER, HOOK_SMS, HOOK_COUNT };

/* Such a call, as it came. */
struct hook_call {
    enum hook hook;
    bool is_get;
    struct str url; /* The public URL, the raw path and the raw query: what was signed. */
    struct str query;
    struct str content_type;
    struct str body;
    const struct http_header *headers; /* Those whose names begin with "x-", in lower case. */
    size_t header_count;
};

enum news_kind {
    NEWS_NONE,   /* Nothing that concerns us. */
    NEWS_STATE,  /* What became of a message. */
    NEWS_PICKUP, /* A call was picked up: what is to be said? */
    NEWS_KEY,    /* A key was pressed, or none was (`key` 0). */
    NEWS_TEXT    /* Somebody wrote. */
};

/* What a provider says of its own accord, or when it is asked. Absent texts are STR_NONE. */
struct provider_news {
    enum news_kind kind;
    struct str attempt;     /* Ours, from the URL that we gave; absent in inbound texts. */
    struct str provider_id; /* Theirs. */
    enum channel channel;
    enum message_state state; /* STATE */
    enum receipt_level level; /* 0 for none. */
    bool is_end;     /* Nothing will follow: the call is over, the text has arrived or not. */
    bool is_machine; /* A machine picked up. */
    struct str provider_state; /* Their word for it. */
    int64_t sequence;          /* Theirs, -1 where they give none. */
    struct str code;           /* Of a failure. */
    struct str error;          /* One sentence, no secrets. */
    enum failure_category category;
    enum failure_class class;
    int64_t cost_micros;      /* Millionths of `currency`; -1 where not told. */
    struct str currency;      /* "USD" */
    int64_t duration_seconds; /* Of a call, -1 where not told. */
    char key;                 /* KEY */
    struct str from;          /* TEXT: E.164. Also who was called, where it says so. */
    struct str to;            /* TEXT: which number of ours. */
    struct str text;          /* TEXT */
    struct str
        opt_out; /* TEXT: "STOP", "START" or "HELP" where the carrier has taken it as that. */
};

/* What a call says. After `speech` it asks for one key where `asks` is set; without an answer it
 * says `speech` once more, then `goodbye`, and hangs up. */
struct voice_page {
    struct str attempt;
    struct str language; /* "en", "es", "hi", "de", or a tag such as "en-GB". */
    struct str speech;
    struct str goodbye; /* May be absent. */
    bool asks;
};

struct provider_settings {
    struct str email_from; /* EMAIL_FROM: "Tocsin <alerts@example.com>" or an address */
    struct str smtp_host;
    int smtp_port;
    enum smtp_security smtp_security;
    struct str smtp_user;
    struct str smtp_password;
    struct str smtp_ca_file;
    struct str ehlo_name;
    struct duration timeout; /* 45 s (K4) */
    struct str public_url;   /* Without a slash at the end; absent: nobody can call us (V10). */
    struct str hook_key;     /* Secret of the tokens in callback URLs (hook_token). */
    int ring_seconds;        /* CALL_RING_SECONDS: how long a phone rings. */
    bool detects_machines;   /* CALL_MACHINE_DETECTION */
    struct {
        struct str base_url; /* "https://api.twilio.com" */
        struct str account_sid;
        struct str auth_token; /* Also checks signatures. */
        struct str auth_token_secondary;
        struct str api_key_sid; /* With its secret in place of the account's, for requests. */
        struct str api_key_secret;
        struct str from_number;
        struct str messaging_service_sid;
        struct str whatsapp_from; /* E.164 */
    } twilio;
    struct {
        struct str base_url; /* "https://api.plivo.com" */
        struct str auth_id;
        struct str auth_token;
        struct str from_number;
        struct str powerpack_uuid;
        struct str dlt_entity_id; /* India */
        struct str dlt_template_id;
    } plivo;
    struct {
        struct str base_url; /* "https://api.exotel.com" */
        struct str account_sid;
        struct str api_key;
        struct str api_token;
        struct str caller_id; /* An ExoPhone. */
        struct str sms_from;
        struct str app_id; /* The flow that a call is put into. */
        struct str dlt_entity_id;
        struct str dlt_template_id;
    } exotel;
};

struct provider {
    const char *name;  /* "mock", "smtp", "twilio" */
    unsigned channels; /* Bits: 1u << channel_EMAIL … */
    /* At start: E_INVALID names in `problem` the variable that is missing (K8). */
    enum err (*check)(const struct provider_settings *settings, struct problem *problem);
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
    /* Oldest first. */
    void (*read_inbox)(const struct wire_answer *answer, struct arena *arena,
                       const struct provider_news **items, size_t *count);
    /* Whether a call to one of our webhooks is the provider's. E_FORBIDDEN where it is not. */
    enum err (*check_hook)(const struct provider_settings *settings, const struct hook_call *call,
                           struct arena *arena);
    /* What it says. E_INVALID with the field in `problem` where it can't be understood. */
    enum err (*read_hook)(const struct provider_settings *settings, const struct hook_call *call,
                          struct arena *arena, struct provider_news *out, struct problem *problem);
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

/* "sms-status" and so on; HOOK_COUNT for an unknown one. */
enum hook hook_find(struct str name);
const char *hook_name(enum hook hook);
/* PUBLIC_URL/webhooks/{provider}/{hook}?attempt=ID&token=T: where a provider calls us about an
 * attempt. STR_NONE without a public URL. The token is a keyed hash of the attempt, for providers
 * that sign nothing; `fragment` may be absent. */
struct hook_place {
    const char *provider;
    enum hook hook;
    struct str attempt;
    struct str fragment;
};
struct str hook_url(const struct provider_settings *settings, const struct hook_place *place,
                    struct arena *arena);
bool hook_token_fits(const struct provider_settings *settings, struct str attempt,
                     struct str token);

/* By name; NULL for an unknown one. Every provider known, for documents and checks. */
const struct provider *provider_find(struct str name);
size_t providers_all(const struct provider *const **out);
/* Asserts that every slot of every provider is set. */
void providers_assert_complete(void);

#endif
