/* channel/news: what providers tell us of their own accord or when asked, where they call us, and
 * what a call says.
 *
 * Pure values; everything is borrowed from the arena of whoever made it. Source: protocols.md 0-3,
 * requirements V2, V8, V10, K7. */
#ifndef TOCSIN_CHANNEL_NEWS_H
#define TOCSIN_CHANNEL_NEWS_H

#include "base/arena.h"
#include "channel/provider_settings.h"
#include "model/enums.h"
#include "model/http.h"

/* What a provider calls us for: the last part of /webhooks/{provider}/{hook}. */
enum hook { HOOK_SMS_STATUS, HOOK_CALL_STATUS, HOOK_VOICE, HOOK_GATHER, HOOK_SMS, HOOK_COUNT };

/* Such a call, as it came. */
struct hook_call {
    enum hook hook;
    bool is_get;
    struct str url; /* The public URL, the raw path and the raw query: what was signed. */
    struct str query;
    struct str content_type;
    struct str body;
    const struct http_header *headers; /* Those whose names begin with "x-", in lower case. */
    size_t header_count;
};

enum news_kind {
    NEWS_NONE,   /* Nothing that concerns us. */
    NEWS_STATE,  /* What became of a message. */
    NEWS_PICKUP, /* A call was picked up: what is to be said? */
    NEWS_KEY,    /* A key was pressed, or none was (`key` 0). */
    NEWS_TEXT    /* Somebody wrote. */
};

/* What a provider says of its own accord, or when it is asked. Absent texts are STR_NONE. */
struct provider_news {
    enum news_kind kind;
    struct str attempt;     /* Ours, from the URL that we gave; absent in inbound texts. */
    struct str provider_id; /* Theirs. */
    enum channel channel;
    enum message_state state; /* STATE */
    enum receipt_level level; /* 0 for none. */
    bool is_end;      /* Nothing will follow: the call is over, the text has arrived or not. */
    bool is_machine;  /* A machine picked up. */
    bool is_unproven; /* Nobody has signed it: its word of an end is asked for before it counts. */
    struct str provider_state; /* Their word for it. */
    int64_t sequence;          /* Theirs, -1 where they give none. */
    struct str code;           /* Of a failure. */
    struct str error;          /* One sentence, no secrets. */
    enum failure_category category;
    enum failure_class class;
    int64_t cost_micros;      /* Millionths of `currency`; -1 where not told. */
    struct str currency;      /* "USD" */
    int64_t duration_seconds; /* Of a call, -1 where not told. */
    char key;                 /* KEY */
    struct str from;          /* TEXT: E.164. Also who was called, where it says so. */
    struct str to;            /* TEXT: which number of ours. */
    struct str text;          /* TEXT */
    struct str
        opt_out; /* TEXT: "STOP", "START" or "HELP" where the carrier has taken it as that. */
};

/* What a call says. After `speech` it asks for one key where `asks` is set; without an answer it
 * says `speech` once more, then `goodbye`, and hangs up. */
struct voice_page {
    enum hook hook; /* Which one it answers: HOOK_VOICE or HOOK_GATHER. */
    struct str attempt;
    struct str language; /* "en", "es", "hi", "de", or a tag such as "en-GB". */
    struct str speech;
    struct str goodbye; /* May be absent. */
    struct str voice;   /* The provider's name of one; absent for that of the language. */
    bool asks;
    bool is_said_once; /* Without an answer, not once more. */
};

/* "sms-status" and so on; HOOK_COUNT for an unknown one. */
enum hook hook_find(struct str name);
const char *hook_name(enum hook hook);
/* PUBLIC_URL/webhooks/{provider}/{hook}?attempt=ID&token=T: where a provider calls us about an
 * attempt. STR_NONE without a public URL. The token is a keyed hash of the attempt, for providers
 * that sign nothing; `fragment` may be absent. */
struct hook_place {
    const char *provider;
    enum hook hook;
    struct str attempt;
    struct str fragment;
};
struct str hook_url(const struct provider_settings *settings, const struct hook_place *place,
                    struct arena *arena);
bool hook_token_fits(const struct provider_settings *settings, struct str attempt,
                     struct str token);

#endif
