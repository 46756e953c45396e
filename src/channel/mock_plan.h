/* channel/mock_plan: what a scripted address does with one message, as a short list of things that
 * happen at given times.
 *
 * Internal to the mock carrier. Pure; borrowed texts. Times are counted from the moment of the
 * send: a message is delivered after 1 s; a call is picked up after 5 s and over after 20 s (later
 * where its key comes later), busy after 1 s, and rings out after 45 s. Source: the contract in
 * channel/mock_network.h. */
#ifndef TOCSIN_CHANNEL_MOCK_PLAN_H
#define TOCSIN_CHANNEL_MOCK_PLAN_H

#include "channel/mock_network.h"

enum mock_action {
    MOCK_DEFAULT,
    MOCK_PRESS,
    MOCK_REPLY,
    MOCK_IGNORE,
    MOCK_BUSY,
    MOCK_VOICEMAIL,
    MOCK_REFUSE,
    MOCK_TIMEOUT,
    MOCK_UNREACHABLE,
    MOCK_ACTION_COUNT
};

enum {
    MOCK_STEPS_MAX = 3,
    MOCK_AFTER_SECONDS_MAX = 86400,
    MOCK_REPLY_BYTES_MAX = 1600,
    MOCK_TIMEOUT_SECONDS = 45 /* K4: how long a caller waits for an answer that never comes. */
};

struct mock_behaviour {
    enum mock_action action;
    int64_t after_seconds;
    struct str detail; /* The key, the text, or the CODE; empty for the rest. */
};

struct mock_step {
    struct duration after;
    enum mock_event_kind kind;
    enum message_state state;
    enum receipt_level level;
    bool is_end;
    bool is_machine;
};

/* "press 1" and so on. after_seconds < 0 means the default of 3. E_INVALID names "do", "channel" or
 * "afterSeconds". */
NODISCARD enum err mock_behaviour_parse(enum channel channel, struct str action,
                                        int64_t after_seconds, struct mock_behaviour *out,
                                        struct problem *problem);
/* The word that an action begins with; for the journal. */
const char *mock_action_word(enum mock_action action);
NODISCARD enum err mock_action_parse(struct str word, enum mock_action *out);

bool mock_channel_is_carried(enum channel channel);
/* The failure category that a refusal's CODE means; false for a word that is no CODE. */
bool mock_refusal_parse(struct str code, enum failure_category *out);

/* What follows once the send was accepted; at least one step, in order of time. */
size_t mock_plan(enum channel channel, const struct mock_behaviour *behaviour,
                 struct mock_step out[static MOCK_STEPS_MAX]);

#endif
