/* sim/carrier_internal: the inside of the carrier: how each provider speaks, and what its parts do
 * for one another. */
#ifndef TOCSIN_SIM_CARRIER_INTERNAL_H
#define TOCSIN_SIM_CARRIER_INTERNAL_H

#include "sim/carrier_fields.h"
#include "sim/carrier_state.h"

/* A request under way. */
struct ask {
    struct carrier *carrier;
    struct instant now;
    enum carrier_brand brand;
    const struct wire_http *http;
    struct arena *arena;
    struct str path; /* Behind the base URL, without its query. */
    struct fields query;
    struct fields fields; /* Of the body. */
    enum operation operation;
    int status;
    struct str body;
    bool is_created; /* Something was accepted. */
};

/* How one provider speaks. */
struct brand {
    const char *name;
    const char *base_url;
    enum operation (*classify)(const struct ask *ask);
    void (*handle)(struct ask *ask);
    void (*refuse)(struct ask *ask, int status, const char *code);
    /* Where a state is told, and as what; STR_NONE for nowhere. */
    struct str (*tell_state)(const struct carrier *carrier, const struct item *item,
                             struct fields *out);
    void (*tell_page)(const struct carrier *carrier, const struct item *item, struct str keys,
                      struct fields *out);
    void (*tell_machine)(const struct carrier *carrier, const struct item *item,
                         struct fields *out);
    void (*tell_text)(const struct carrier *carrier, const struct item *text, struct fields *out);
    void (*sign)(struct carrier *carrier, struct hook *hook, const struct fields *form,
                 struct str token);
    enum err (*read_page)(struct carrier *carrier, const struct item *item,
                          const struct carrier_heard *heard, struct page *out, struct str *wrong);
    const char *(*word)(const struct item *item); /* Of its state. */
    const char *invalid_code;
    const char *invalid_call_code; /* Where calls have another one. */
    const char *landline_code;
    const char *blocked_code;
    bool branches_by_status; /* A page may be answered with 302, which is a way to go on. */
    bool refuses_late;       /* What is wrong with a number comes as a callback. */
};

const struct brand *brand_of(enum carrier_brand brand);
extern const struct brand brand_twilio;
extern const struct brand brand_plivo;
extern const struct brand brand_exotel;

/* carrier.c */
void carrier_note(struct carrier *carrier, enum carrier_fact_kind kind, struct instant at,
                  const struct item *item, struct str text);
void carrier_note_wrong(struct ask *ask, const char *what, struct str detail);
struct item *item_new(struct ask *ask, enum channel channel);
struct item *item_find(const struct carrier *carrier, struct str id);
void item_know(struct carrier *carrier, struct item *item);
const char *item_word(const struct item *item);
static inline bool item_is_over(const struct item *item)
{
    return item->state >= ITEM_DELIVERED;
}

/* carrier_time.c: what happens when. */
struct tick *tick_add(struct carrier *carrier, struct instant at, enum tick_kind kind,
                      struct item *item);
const struct tick *tick_first(const struct carrier *carrier);
struct tick tick_take(struct carrier *carrier);

/* carrier_life.c: what becomes of items. */
/* Takes an item that is filled in; false where it was refused, and answered so. */
bool item_accept(struct ask *ask, struct item *item);
bool item_cancel(struct carrier *carrier, struct instant now, struct item *item);
void item_tick(struct carrier *carrier, const struct tick *tick);
void item_to(struct carrier *carrier, struct instant now, struct item *item, enum item_state state);
void item_page(struct carrier *carrier, struct instant now, struct item *item,
               const struct carrier_heard *heard);
void person_writes(struct carrier *carrier, struct instant now, const struct item *about,
                   struct str text);
bool is_blocked(const struct carrier *carrier, const struct item *item);

/* carrier_hooks.c: our webhooks. */
void hook_tell_state(struct carrier *carrier, struct instant now, struct item *item);
void hook_ask_page(struct carrier *carrier, struct instant now, struct item *item,
                   const struct page_verb *verb, struct str keys);
void hook_tell_machine(struct carrier *carrier, struct instant now, struct item *item);
void hook_tell_text(struct carrier *carrier, struct instant now, struct item *text);
/* "https://tocsin.test/webhooks/twilio/sms"; STR_NONE without a public URL. */
struct str hook_place_of(const struct carrier *carrier, enum carrier_brand brand, const char *name);

#endif
