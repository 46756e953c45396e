/* channel/telephony: what the providers of calls and texts share when they read others' words.
 *
 * Internal to channel. Pure; texts go into the arena. Everything comes from outside: it is checked
 * here or it is absent. Source: protocols.md 0.1, 0.7, 2.1, 3. */
#ifndef TOCSIN_CHANNEL_TELEPHONY_H
#define TOCSIN_CHANNEL_TELEPHONY_H

#include "channel/form.h"
#include "channel/verdict.h"

/* E.164 from digits with their country code, with or without the '+'; STR_NONE for all else. */
struct str telephony_number(struct str text, struct arena *arena);
/* Whether an id may stand in a path: 1 to 64 letters, digits, '-' or '_'. */
bool telephony_id_is_plain(struct str id);
/* A name or a short code that texts may come from: 3 to 11 letters and digits, at most 6 where
 * there are only digits. */
bool telephony_sender_is_plain(struct str sender);
/* Millionths from "0.00350"; -1 where it is no amount. */
int64_t telephony_micros(struct str amount);
/* A whole number that is not negative; -1 where it is none. */
int64_t telephony_count(struct str text);
/* A state's or code's word: without anything private, at most 40 bytes. */
struct str telephony_word(struct str text, struct arena *arena);
/* "2026-01-05 09:00:00" or "2026-01-05 14:30:00.123456+05:30", as lists have it; where no offset
 * is named the clock is `ahead` of UTC. Absent for all else. */
struct instant telephony_time(struct str text, struct duration ahead, struct arena *arena);
/* The base URL without a slash at its end, or `usual` where none is set. */
struct str telephony_base(struct str base_url, const char *usual);

/* Where an account's requests go, and by what it logs in. */
struct telephony_account {
    struct str root; /* What every path stands behind: "https://api.plivo.com/v1/Account/MA…/". */
    struct str username;
    struct str password;
    struct duration timeout;
};
struct wire_request telephony_request(const struct telephony_account *account, const char *method,
                                      struct str path, struct arena *arena);
/* A POST of `body`. */
struct wire_request telephony_post(const struct telephony_account *account, struct str path,
                                   const char *type, struct str body, struct arena *arena);
/* How long a phone rings: as it is set or usual, but no longer than `most`. */
int telephony_ring_seconds(const struct provider_settings *settings, int most);

/* What a provider's word for a state means. */
struct telephony_state {
    const char *word;
    enum message_state state;
    enum receipt_level level;
    bool is_end;
};
/* Without regard to case; NULL for an unknown word. */
const struct telephony_state *telephony_state_find(const struct telephony_state *rows, size_t count,
                                                   struct str word);

/* A provider's answer that is no success, and what it says of itself. */
struct telephony_words {
    const char *provider; /* As in failures.def. */
    const char *title;    /* For people: "Plivo". */
    struct str code;
    struct str message;
};

/* Judges an answered request whose status is not 2xx: 429 was never processed, another 4xx created
 * nothing but 408 (theirs, or of something between us), and of everything else nobody knows what it
 * did. */
void telephony_judge(const struct wire_answer *answer, const struct telephony_words *words,
                     struct arena *arena, struct verdict *out);
/* A refusal by a code of failures.def or, where the table has none, by the message. */
void telephony_refuse(const struct telephony_words *words, int status, struct arena *arena,
                      struct verdict *out);
/* A question that has brought no answer to it. */
void telephony_ask_again(const struct wire_answer *answer, const char *title, struct arena *arena,
                         struct verdict *out);
/* Class, category and sentence of news about a failure with `code`, which the news keeps; without a
 * row, by the state. */
void telephony_explain(const char *provider, const char *title, struct str code,
                       struct provider_news *news, struct arena *arena);

#endif
