/* sim/carrier_items: the calls and texts that the carrier has taken, and the handsets behind them.
 * Internal to the carrier. */
#ifndef TOCSIN_SIM_CARRIER_ITEMS_H
#define TOCSIN_SIM_CARRIER_ITEMS_H

#include "sim/carrier.h"
#include "sim/carrier_page.h"

enum item_state {
    ITEM_QUEUED,
    ITEM_INITIATED, /* Calls: dialled; messages: being sent. */
    ITEM_RINGING,
    ITEM_TALKING,
    ITEM_SENT,
    ITEM_DELIVERED, /* From here on the state is final. */
    ITEM_UNDELIVERED,
    ITEM_FAILED,
    ITEM_COMPLETED,
    ITEM_BUSY,
    ITEM_NO_ANSWER,
    ITEM_CANCELED,
    ITEM_STATE_COUNT
};

enum handset_action {
    HANDSET_DEFAULT, /* Picks up and presses nothing; a message arrives. */
    HANDSET_PRESS,
    HANDSET_REPLY,
    HANDSET_IGNORE,
    HANDSET_BUSY,
    HANDSET_VOICEMAIL,
    HANDSET_REJECT,
    HANDSET_INVALID,
    HANDSET_LANDLINE,
    HANDSET_UNDELIVERED, /* `detail` is the code. */
    HANDSET_REFUSE,      /* The create is refused; `detail` is the code. */
    HANDSET_OFF,         /* A message leaves, and no receipt ever comes. */
    HANDSET_ACTION_COUNT
};

struct handset {
    enum handset_action action;
    struct str detail; /* Keys, a text, a code. */
    int64_t after_seconds;
};

enum item_url { URL_STATUS, URL_RING, URL_VOICE, URL_MACHINE, ITEM_URL_COUNT };

/* A call or a message. */
struct item {
    struct item *next;
    enum carrier_brand brand;
    enum channel channel;
    struct str id;
    struct str request_id; /* Plivo: of a call that has no id yet. */
    struct str to;         /* E.164 */
    struct str from;
    struct str text;
    struct str inline_page;
    struct str field; /* Exotel: CustomField. */
    struct str attempt;
    struct str urls[ITEM_URL_COUNT];
    struct str fallback_url; /* For the first page; absent once it was tried. */
    bool uses_get[ITEM_URL_COUNT];
    unsigned told_states; /* Bits: 1u << item_state; what the status URL is told. */
    bool asks_machine;
    bool is_inbound;
    bool is_excused;  /* We do not know of it, or were kept from stopping it. */
    bool is_template; /* WhatsApp */
    bool wants_json;  /* Exotel: how callbacks are written. */
    int64_t ring_seconds;
    struct handset handset;
    size_t keys_pressed;
    enum item_state state;
    struct str code; /* Of a failure. */
    struct instant created_at;
    struct instant picked_up_at;
    struct instant ended_at;
    int64_t sequence;   /* Of the next status callback. */
    int64_t generation; /* Ticks of an older one are void. */
    struct page page;
    size_t verb;       /* The next one of the page. */
    struct hook *held; /* Callbacks that are kept back, newest first. */
};

struct script {
    struct script *next;
    struct str number;
    enum channel channel;
    struct handset handset;
    bool is_lasting;
};

struct blocked {
    struct blocked *next;
    enum carrier_brand brand;
    enum channel channel;
    struct str number;
};

#endif
