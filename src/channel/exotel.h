/* channel/exotel: the provider "exotel", calls and SMS, in parts.
 *
 * Internal to channel; pure. Exotel signs nothing: every URL that we give carries the attempt and
 * its token, and CustomField carries "attempt|token" into the flow that a call is put into. The
 * flow is built by the operator in Exotel's dashboard:
 *   1. Greeting, dynamic, from PUBLIC_URL/webhooks/exotel/voice: says what holds now (text/plain);
 *   2. Gather of one digit, then Passthru to PUBLIC_URL/webhooks/exotel/gather;
 *   3. where Passthru is answered 302 (another answer is wanted: repeat, or a wrong key), back to
 *      1, at most once; where it is answered 200, to a last Greeting from the same URL, then the
 *      end.
 * Texts that people write come to exotel_inbound_url(). Callbacks are news that nobody has signed
 * (is_unproven). Nothing can be cancelled. Of calls only finished ones are listed, and by times in
 * the account's zone, which no answer names: India is taken for it, so that a list may be too long,
 * and never says for certain that there was no call. Prices name no currency and are not taken.
 * Source: protocols.md 0, 3; Exotel's API reference. */
#ifndef TOCSIN_CHANNEL_EXOTEL_H
#define TOCSIN_CHANNEL_EXOTEL_H

#include "channel/telephony.h"

#define EXOTEL "exotel"
#define EXOTEL_TITLE "Exotel"
enum { EXOTEL_LIST_MAX = 20 }; /* Calls in one page of a list. */
/* In place of an attempt in the URL for what people write. */
#define EXOTEL_INBOUND "inbound"

/* The URL that an operator enters in Exotel's dashboard for incoming texts. Secret. STR_NONE
 * without a public URL. */
struct str exotel_inbound_url(const struct provider_settings *settings, struct arena *arena);

/* "attempt|token", for CustomField. */
struct str exotel_custom_field(const struct provider_settings *settings, struct str attempt,
                               struct arena *arena);

/* E.164 from what Exotel writes: with a '+', or Indian with 0 or 91 in front. */
struct str exotel_number(struct str text, struct arena *arena);

/* Kind, state, level, end and the reason of a failure, from Exotel's words. NEWS_NONE for words
 * that nobody knows yet. */
void exotel_read_call_state(struct str status, struct provider_news *news, struct arena *arena);
struct exotel_text_state {
    struct str status;
    struct str detail; /* DetailedStatus */
    struct str code;   /* DetailedStatusCode */
};
void exotel_read_text_state(const struct exotel_text_state *state, struct provider_news *news,
                            struct arena *arena);

/* Slots of the vtable. */
void exotel_read_send(const struct send_job *job, const struct wire_answer *answer,
                      struct arena *arena, struct verdict *out);
void exotel_read_find(const struct send_job *job, const struct wire_answer *answer,
                      struct arena *arena, struct verdict *out);
void exotel_read_poll(enum channel channel, const struct wire_answer *answer, struct arena *arena,
                      struct provider_news *out);
enum err exotel_check_hook(const struct provider_settings *settings, const struct hook_call *call,
                           struct arena *arena);
enum err exotel_read_hook(const struct provider_settings *settings, const struct hook_call *call,
                          struct arena *arena, struct provider_news *out, struct problem *problem);
void exotel_write_voice(const struct provider_settings *settings, const struct voice_page *page,
                        struct arena *arena, struct http_response *out);
void exotel_write_answer(enum hook hook, struct str reply, struct arena *arena,
                         struct http_response *out);

#endif
