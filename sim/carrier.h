/* sim/carrier: Twilio, Plivo and Exotel as far as we use them, with the handsets behind them and
 * all their faults.
 *
 * A state machine without clock and socket: requests in the providers' own protocols go in with
 * the time at which they are made, and come out with the time at which the answer arrives; calls
 * to our webhooks come out in their own time, signed. It keeps its own truth (the facts), which
 * knows nothing of our store. A message takes 0.5 s to leave and 1 s to arrive; a call rings after
 * 1 s and is picked up after 5 s; one that is ignored rings as long as it was told to. Source:
 * protocols.md 1 to 3. Owner: carrier_free. Threads: one. */
#ifndef TOCSIN_SIM_CARRIER_H
#define TOCSIN_SIM_CARRIER_H

#include "base/arena.h"
#include "model/enums.h"
#include "model/http.h"

enum carrier_brand { CARRIER_TWILIO, CARRIER_PLIVO, CARRIER_EXOTEL, CARRIER_BRAND_COUNT };

/* Our account there. A provider without a base URL does not exist. */
struct carrier_account {
    struct str base_url;
    struct str account;
    struct str token;  /* Signs webhooks; also the password of `account`. */
    struct str key;    /* Of the API, in place of both; absent for none. */
    struct str secret; /* Of `key`. */
};

struct carrier_config {
    struct str public_url; /* Where inbound texts go, and Exotel's flow; absent: nowhere. */
    struct carrier_account accounts[CARRIER_BRAND_COUNT];
};

struct carrier;

struct carrier *carrier_new(void);
void carrier_free(struct carrier **carrier);
/* Copies it. What was accepted before stays. */
void carrier_configure(struct carrier *carrier, const struct carrier_config *config);
const char *carrier_brand_name(enum carrier_brand brand);
bool carrier_brand_find(struct str name, enum carrier_brand *out);

struct carrier_reply {
    struct wire_answer answer; /* In the arena given. */
    struct instant at;
};

/* A URL of nobody's is a host that cannot be resolved. */
void carrier_request(struct carrier *carrier, struct instant now,
                     const struct wire_request *request, struct arena *arena,
                     struct carrier_reply *out);

enum { CARRIER_HEADERS_MAX = 4 };

/* A request to one of our webhooks. Valid until the next call into the carrier. */
struct carrier_hook {
    uint64_t ticket;
    struct str method;
    struct str url; /* Without its fragment. */
    struct str content_type;
    struct str body;
    struct http_header headers[CARRIER_HEADERS_MAX]; /* Names in lower case. */
    size_t header_count;
};

/* What we answered; status 0 where nobody was there. */
struct carrier_heard {
    int status;
    struct str content_type;
    struct str body;
};

/* When something happens next; false for never. */
bool carrier_next(const struct carrier *carrier, struct instant *at);
/* Lets time pass until `now`, or until there is a request to make: true for one. Exactly one
 * carrier_answered is owed for each. */
bool carrier_take(struct carrier *carrier, struct instant now, struct carrier_hook *out);
void carrier_answered(struct carrier *carrier, struct instant now, uint64_t ticket,
                      const struct carrier_heard *heard);

/* One sentence to the carrier, for scenarios and for the control path; carrier_help has them all.
 * E_INVALID with what is wrong in `wrong`. */
NODISCARD enum err carrier_say(struct carrier *carrier, struct instant now, struct str sentence,
                               struct str *wrong);
extern const char *const carrier_help;

enum carrier_fact_kind {
    CARRIER_ACCEPTED, /* A call or a message was taken. */
    CARRIER_REFUSED,  /* Or not; `text` is the code. */
    CARRIER_RANG,
    CARRIER_PICKED_UP,
    CARRIER_SPOKE,   /* `text` was said into a call. */
    CARRIER_PRESSED, /* `text` is the key. */
    CARRIER_ARRIVED, /* A message is on the handset; `text` is what it says. */
    CARRIER_WROTE,   /* The person wrote. */
    CARRIER_STOPPED, /* A call was cancelled while it waited or rang, or hung up. */
    CARRIER_ENDED,   /* `text` is the state in the provider's word. */
    CARRIER_FORGED,  /* A forged call to a webhook was answered; `text` is the status. */
    CARRIER_WRONG,   /* We did something that the provider would not have: `text` says what. */
    CARRIER_FACT_KIND_COUNT
};

/* Texts live as long as the carrier. */
struct carrier_fact {
    enum carrier_fact_kind kind;
    struct instant at;
    enum carrier_brand brand;
    enum channel channel;
    struct str number;
    struct str id;      /* The provider's. */
    struct str attempt; /* Ours, as the callback URL has it; absent where there was no such URL. */
    struct str text;
    bool is_excused; /* We were not told that it was accepted, or kept from stopping it. */
};

const char *carrier_fact_name(enum carrier_fact_kind kind);
size_t carrier_facts(const struct carrier *carrier, const struct carrier_fact **out);
/* How many requests came to a brand, whatever became of them. */
int64_t carrier_requests(const struct carrier *carrier, enum carrier_brand brand);
/* Whether a text or a call to this number waits to be told about. */
bool carrier_is_quiet(const struct carrier *carrier);

#endif
