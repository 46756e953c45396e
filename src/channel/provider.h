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
    struct str subject; /* Email only. */
    struct str text;    /* The message; for a call what is spoken. */
    struct str html;    /* Email only, may be absent. */
    struct str invite;  /* Email only: the text of an .ics to attach, may be absent. */
    struct str thread;  /* Email only: an id that a subject's mails share (References). */
    struct instant now; /* For Date headers. */
    struct instant valid_until;
};

enum verdict_kind { VERDICT_ACCEPTED, VERDICT_REFUSED, VERDICT_NOT_SENT, VERDICT_UNKNOWN };

struct verdict {
    enum verdict_kind kind;
    struct str provider_id; /* ACCEPTED: the provider's id. */
    struct str error;       /* The rest: one sentence, no secrets. */
    enum failure_category category;
    bool is_temporary; /* REFUSED: worth trying again later (SMTP 4xx, 429). */
    int64_t retry_after_seconds;
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
};

extern const struct provider provider_mock;
extern const struct provider provider_smtp;

/* By name; NULL for an unknown one. Every provider known, for documents and checks. */
const struct provider *provider_find(struct str name);
size_t providers_all(const struct provider *const **out);
/* Asserts that every slot of every provider is set. */
void providers_assert_complete(void);

#endif
