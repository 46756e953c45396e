/* channel/mock_network: a carrier inside the process: mailboxes and handsets that behave as
 * scripted. For demos and tests.
 *
 * A function of requests and time: no clock, no thread. Unscripted: an email or a message is
 * delivered after 1 s; a call is answered after 5 s and ends 20 s after the send without a key
 * (later where a scripted key comes later; busy shows after 1 s). A script (requirement: POST
 * /api/v1/mock/answers) says what one address does at its next message on that channel, in order:
 * "press 1", "reply TEXT", "ignore" (a message is delivered and nothing follows; a call rings 45 s
 * and is NO_ANSWER), "busy", "voicemail" (picked up by a machine, no key), "refuse CODE" (the
 * create answer is a refusal; CODE is one of: invalid_number opted_out auth rate_limited
 * carrier_rejected rejected_content provider_error), "timeout" (accepted, but the answer never
 * arrives: WIRE_UNKNOWN after the timeout), "unreachable" (WIRE_NOT_SENT). `after_seconds` delays
 * the key, the reply or the pick-up's key; default 3 s after pick-up or delivery. What it accepted
 * is its own truth, independent of Tocsin's store: each accepted send, each script, each script
 * used up and each cancelled call is written as one line (without its newline) through `journal`,
 * before it is answered; mock_network_load gives lines back in their order after a restart, so that
 * FIND answers, scripts and receipts go on. Receipts that were reported before the restart are
 * reported again. An attempt is forgotten 24 h after its last receipt was due and taken. "press",
 * "busy" and "voicemail" are for CALL, "reply" for SMS and WHATSAPP. Addresses are compared without
 * regard to case.
 * Ownership: owns its memory, freed by mock_network_free. Threads: one owner. */
#ifndef TOCSIN_CHANNEL_MOCK_NETWORK_H
#define TOCSIN_CHANNEL_MOCK_NETWORK_H

#include "base/arena.h"
#include "model/enums.h"
#include "model/http.h"

struct mock_network;

struct mock_network *mock_network_new(void *context,
                                      void (*journal)(void *context, struct str line));
void mock_network_free(struct mock_network **network);

/* What an address does at its next message on a channel. */
struct mock_script {
    struct str to;
    enum channel channel;
    struct str action;     /* "press 1" and so on. */
    int64_t after_seconds; /* Below 0 for the default. */
};

/* E_INVALID names in `problem` what is wrong with "do" or the channel. */
NODISCARD enum err mock_network_script(struct mock_network *network,
                                       const struct mock_script *script, struct problem *problem);

/* An answer, and when it arrives. */
struct mock_reply {
    struct wire_answer answer;
    struct instant at;
};

/* The reply to a request made at `now`; it may arrive later. SEND and FIND put the provider's id
 * ("MOCK-…") into the answer's body and 201/200 into its status, a refusal 400 with its CODE in the
 * body; FIND of what was never accepted is 404. CANCEL stops receipts of a queued or ringing call
 * (200), 409 otherwise. */
void mock_network_request(struct mock_network *network, struct instant now,
                          const struct wire_mock *request, struct arena *arena,
                          struct mock_reply *out);

enum mock_event_kind { MOCK_EVENT_STATE, MOCK_EVENT_KEY, MOCK_EVENT_REPLY };

/* Something the carrier tells us of its own accord. Texts are valid until the next call into the
 * network. */
struct mock_event {
    enum mock_event_kind kind;
    struct instant at;
    struct str attempt;
    struct str provider_id;
    enum message_state state; /* STATE: DELIVERED, ANSWERED, NO_ANSWER, BUSY, UNDELIVERED. */
    enum receipt_level level;
    bool is_end;     /* STATE: the call is over. */
    bool is_machine; /* STATE: voicemail. */
    char key;        /* KEY */
    struct str from; /* REPLY: the number that wrote. */
    struct str text; /* REPLY */
    enum channel channel;
};

bool mock_network_next(const struct mock_network *network, struct instant *at);
/* Takes the earliest event that is due by `now`; false when there is none. */
bool mock_network_take(struct mock_network *network, struct instant now, struct mock_event *out);

/* Gives back one journal line. E_INVALID for a line it did not write (a torn last line). */
NODISCARD enum err mock_network_load(struct mock_network *network, struct str line);

#endif
