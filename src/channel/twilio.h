/* channel/twilio: calls, SMS and WhatsApp through Twilio's REST API of 2010-04-01, and its
 * webhooks.
 *
 * Internal to channel: the parts of provider_twilio. Requests are forms with Basic authentication;
 * answers are JSON of which nothing is taken for granted. What Twilio calls us for is signed with
 * the account's auth token, be requests made with an API key or not.
 * Source: protocols.md 0, 1 and 8; Twilio's OpenAPI. Ownership: everything in the arena given. */
#ifndef TOCSIN_CHANNEL_TWILIO_H
#define TOCSIN_CHANNEL_TWILIO_H

#include "channel/provider.h"
#include "model/json_tree.h"

enum {
    TWILIO_TEXT_UNITS_MAX = 1600,     /* UTF-16 code units of a message (21617). */
    TWILIO_DOCUMENT_CHARS_MAX = 4000, /* Of a document inside a request. */
    TWILIO_SPEECH_CHARS_MAX = 1500,   /* About 100 seconds of speech. */
    TWILIO_ADDRESS_BYTES_MAX = 64,
    TWILIO_PAGE_SIZE = 100 /* Of a list in which an attempt is looked for. */
};

/* What a failure of theirs means for us. */
struct twilio_fault {
    struct str code;
    enum failure_class class;
    enum failure_category category;
    struct str error; /* "the handset is off or out of reach (30003)" */
};

/* twilio_errors.c: `code` may be absent; `message` is theirs, and is shown only for codes that we
 * do not know. */
void twilio_fault_read(struct str code, struct str message, struct arena *arena,
                       struct twilio_fault *out);

/* twilio_states.c: their word for a call's or a message's state: fills state, level, is_end,
 * provider_state, and class and category of what failed. False for a word that says nothing to us.
 */
bool twilio_state_read(enum channel channel, struct str word, struct provider_news *out);
/* AnsweredBy: raises the level for a human, marks a machine; "unknown" says nothing. False for a
 * word that is none of theirs. */
bool twilio_answered_by_read(struct str word, struct provider_news *out);
/* Adds what a failure's code says to news of a failure. */
void twilio_fault_apply(const struct twilio_fault *fault, struct provider_news *out);
/* "-0.00750" → 7500; -1 where it is no price. */
int64_t twilio_price_micros(struct str price);
/* "Tue, 31 Aug 2010 20:36:28 +0000"; INSTANT_NONE for anything else. */
struct instant twilio_time(struct str text);
/* "whatsapp:+14155550101" → WHATSAPP and "+14155550101"; without the prefix SMS. */
enum channel twilio_address_read(struct str address, struct str *number);
/* What a person wrote, without bytes that no text can have. */
struct str twilio_clean(struct str text, struct arena *arena);

/* twilio_requests.c */
/* Whether a refusal is about the URLs that Twilio would call us at: 11100, 21205, 21609. */
bool twilio_is_about_urls(struct str code);
/* Whether the attempt before was refused for them: this one goes without any, a call with its words
 * inside, and its state is asked for. */
bool twilio_is_mute(const struct send_job *job);
/* Whether a call brings its words along. */
bool twilio_is_inline(const struct provider_settings *settings, const struct send_job *job);
enum err twilio_build_send(const struct provider_settings *settings, const struct send_job *job,
                           struct arena *arena, struct wire_request *out, struct problem *problem);
/* twilio_questions.c */
enum err twilio_build_find(const struct provider_settings *settings, const struct send_job *job,
                           struct arena *arena, struct wire_request *out);
enum err twilio_build_cancel(const struct provider_settings *settings, struct str provider_id,
                             struct arena *arena, struct wire_request *out);
enum err twilio_build_poll(const struct provider_settings *settings, enum channel channel,
                           struct str provider_id, struct arena *arena, struct wire_request *out);
enum err twilio_build_inbox(const struct provider_settings *settings, struct instant since,
                            struct arena *arena, struct wire_request *out);
enum err twilio_build_inbox_more(const struct provider_settings *settings,
                                 const struct wire_answer *answer, struct arena *arena,
                                 struct wire_request *out);
/* Shared by both: a form to a resource, or a question. `url` and `body` are in the arena. */
struct str twilio_url(const struct provider_settings *settings, const char *collection,
                      struct str sid, struct arena *arena);
void twilio_post(const struct provider_settings *settings, struct str url, struct str body,
                 struct wire_request *out);
void twilio_get(const struct provider_settings *settings, struct str url, struct wire_request *out);

/* twilio_answers.c */
void twilio_read_send(const struct send_job *job, const struct wire_answer *answer,
                      struct arena *arena, struct verdict *out);
void twilio_read_find(const struct send_job *job, const struct wire_answer *answer,
                      struct arena *arena, struct verdict *out);
void twilio_read_poll(enum channel channel, const struct wire_answer *answer, struct arena *arena,
                      struct provider_news *out);
void twilio_read_inbox(const struct wire_answer *answer, struct arena *arena,
                       const struct provider_news **items, size_t *count);
/* The body of an answer as JSON; NULL where it is none. */
const struct json_node *twilio_body(const struct wire_answer *answer, struct arena *arena);

/* twilio_signature.c */
enum err twilio_check_hook(const struct provider_settings *settings, const struct hook_call *call,
                           struct arena *arena);
/* twilio_hooks.c */
enum err twilio_read_hook(const struct provider_settings *settings, const struct hook_call *call,
                          struct arena *arena, struct provider_news *out, struct problem *problem);

/* twilio_voice.c */
void twilio_write_voice(const struct provider_settings *settings, const struct voice_page *page,
                        struct arena *arena, struct http_response *out);
void twilio_write_answer(enum hook hook, struct str reply, struct arena *arena,
                         struct http_response *out);
/* What a call says where nobody can call us: twice, then how to answer. Never over
 * TWILIO_DOCUMENT_CHARS_MAX characters. */
struct str twilio_inline_document(const struct send_job *job, struct arena *arena);
struct str twilio_spoken(const struct provider_settings *settings, const struct send_job *job,
                         struct arena *arena);

#endif
