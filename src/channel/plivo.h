/* channel/plivo: the provider "plivo", calls and SMS, in parts.
 *
 * Internal to channel; pure. A call's provider id is "request:UUID" from the answer to its creation
 * until a callback brings its CallUUID, which replaces it: Plivo cancels the first at Request/ and
 * hangs up the second at Call/. There is no inline document, so calls need a public URL
 * (check_channel). What can be asked: the newest texts, of calls only finished
 * ones, so that a call which is not found may still be ringing: UNKNOWN, never NOT_SENT. Texts that
 * people wrote cannot be asked for, since Plivo's records leave out what was written.
 * Source: protocols.md 0, 2; Plivo's API reference. */
#ifndef TOCSIN_CHANNEL_PLIVO_H
#define TOCSIN_CHANNEL_PLIVO_H

#include "channel/telephony.h"

#define PLIVO "plivo"
#define PLIVO_TITLE "Plivo"
#define PLIVO_REQUEST "request:"

enum { PLIVO_LIST_MAX = 20 }; /* Objects in one page of a list. */

/* One of our URLs, with the retries that we want in its fragment. */
struct str plivo_hook_url(const struct provider_settings *settings, enum hook hook,
                          struct str attempt, struct arena *arena);

/* Kind, state, level, end and the reason of a failure, from Plivo's words. NEWS_NONE for words that
 * nobody knows yet. */
void plivo_read_call_state(struct str word, struct str hangup_code, struct provider_news *news,
                           struct arena *arena);
void plivo_read_text_state(struct str word, struct str error_code, struct provider_news *news,
                           struct arena *arena);

/* The signature that Plivo puts into X-Plivo-Signature-V3: base64 of an HMAC over the URL, the
 * sorted fields and the nonce. `body` is the form of a POST, absent for GET. E_TOO_LARGE for more
 * fields than form_parse takes. */
struct plivo_signed {
    struct str url;
    struct str body;
    struct str nonce;
    bool is_get;
};
NODISCARD enum err plivo_sign(struct str token, const struct plivo_signed *what,
                              struct arena *arena, struct str *out);
/* The same for X-Plivo-Signature-V2, which leaves out the query and the body. */
struct str plivo_sign_v2(struct str token, struct str url, struct str nonce, struct arena *arena);

/* Slots of the vtable. */
void plivo_read_send(const struct send_job *job, const struct wire_answer *answer,
                     struct arena *arena, struct verdict *out);
void plivo_read_find(const struct send_job *job, const struct wire_answer *answer,
                     struct arena *arena, struct verdict *out);
void plivo_read_poll(enum channel channel, const struct wire_answer *answer, struct arena *arena,
                     struct provider_news *out);
enum err plivo_check_hook(const struct provider_settings *settings, const struct hook_call *call,
                          struct arena *arena);
enum err plivo_read_hook(const struct provider_settings *settings, const struct hook_call *call,
                         struct arena *arena, struct provider_news *out, struct problem *problem);
void plivo_write_voice(const struct provider_settings *settings, const struct voice_page *page,
                       struct arena *arena, struct http_response *out);
void plivo_write_answer(enum hook hook, struct str reply, struct arena *arena,
                        struct http_response *out);

#endif
