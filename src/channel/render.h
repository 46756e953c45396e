/* channel/render: what is written or said on an occasion: channel/texts.def with the facts put in.
 *
 * Pure and total: whatever the facts, something fit to be sent comes out. Facts from outside
 * (titles, names) lose their control characters and are cut to a length that the channel bears;
 * links that are not http or https count as absent. HTML is escaped and, where the occasion asks,
 * has two buttons to facts.link: "I'm in" and "I can't make it" (A5). SMS is brought to as few
 * segments as it can be (V9). Speech has no URLs, at most 1,500 bytes, and ends with the keys (K7).
 * An override is a checked template (template_check) that takes a part's place; one that is not
 * sound is passed over, and so is one that comes out empty. Source: requirements A4, A5, K7, V9.
 * Ownership: everything in the arena. */
#ifndef TOCSIN_CHANNEL_RENDER_H
#define TOCSIN_CHANNEL_RENDER_H

#include "base/arena.h"
#include "channel/template.h"
#include "domain/zone.h"
#include "model/enums.h"

enum text_key {
    text_key_NONE,
#define TEXT_KEY(name, parts, keys, asks, doc) text_key_##name,
#define TEXT(language, key, part, text)
#define WORD(language, name, text)
#define PLACEHOLDER(name, text, doc)
#include "channel/texts.def"
#undef TEXT_KEY
#undef TEXT
#undef WORD
#undef PLACEHOLDER
    text_key_COUNT
};

enum text_part {
    text_part_SUBJECT,
    text_part_TEXT,
    text_part_SMS,
    text_part_HTML,
    text_part_SPEECH,
    text_part_COUNT
};

enum { SPEECH_BYTES_MAX = 1500, SUBJECT_BYTES_MAX = 200 };

/* Which parts an occasion has texts for. */
enum text_parts { TEXT_PARTS_ALL, TEXT_PARTS_SPOKEN, TEXT_PARTS_WRITTEN, TEXT_PARTS_MAILED };

/* Absent facts are STR_NONE, INSTANT_NONE, 0 and NULL. */
struct render_facts {
    struct str name;
    struct str title;
    struct str person;
    struct str link;
    struct str join_url;
    struct str unsubscribe;  /* EMAIL: where it is ended; at the foot of text and HTML. */
    struct str timezone;     /* The zone's name. */
    const struct zone *zone; /* NULL for UTC. */
    struct instant at;       /* When it starts or started. */
    struct instant since;    /* What {{ago}} counts from: when it was resolved, or began. */
    struct instant now;
    struct str by; /* Who did it; "somebody" where `since` is known and this is not. */
    struct str provider;
    struct str error;
    struct str code;  /* Spelled out in speech. */
    struct str phone; /* A number to call back. */
    int64_t count;
    bool is_drill; /* Whatever is written or said begins with the word for that. */
};

/* Templates in place of ours; absent ones are STR_NONE. `text` stands for messages and, without a
 * `speech`, for calls too; a mail with a `text` but no `html` gets its HTML from the text. */
struct render_override {
    struct str subject;
    struct str text;
    struct str sms; /* Messages; where absent, `text`. */
    struct str html;
    struct str speech;
};

struct render_request {
    enum text_key key;
    enum channel channel;
    struct str language;                    /* "de-AT"; falls back to "de", then to "en". */
    const struct render_override *override; /* May be NULL. */
};

/* EMAIL: subject, text, html. CALL: speech, and the same as text. SMS and WHATSAPP: text. Others:
 * subject and text. What a channel does not have is STR_NONE. */
struct rendered {
    struct str subject;
    struct str text;
    struct str html;
    struct str speech;
};

void render(const struct render_request *request, const struct render_facts *facts,
            struct arena *arena, struct rendered *out);

/* The language that texts for this locale are in: "es" of "es-MX", "en" of "fr" and of nothing. */
struct str render_language(struct str locale);
/* The languages that there are texts in, English first. */
size_t render_languages(const char *const **out);

/* What a call says without the sentence about its keys: for where no key can be heard, and whoever
 * pressed one would believe to have answered. */
struct str render_without_keys(struct str speech);

/* What stands for a placeholder; STR_NONE where it has no value. */
struct str render_value(const struct render_request *request, const struct render_facts *facts,
                        enum placeholder placeholder, struct arena *arena);

/* "MEETING_UPCOMING_EMAIL" and so on. E_INVALID for a name that is no occasion's. */
NODISCARD enum err text_key_parse(struct str name, enum text_key *out);
const char *text_key_name(enum text_key key);
const char *text_key_doc(enum text_key key);
enum text_parts text_key_parts(enum text_key key);
const char *text_part_name(enum text_part part);
/* In English "09:30", or "09:30 on Tuesday, 6 January" when that is another day than `now` in this
 * zone, with the year when that differs too. `zone` NULL means UTC. */
struct str render_time(const struct render_facts *facts, struct str language, struct arena *arena);

/* The table, for tests and documents. */
struct text_row {
    const char *language;
    enum text_key key;
    enum text_part part;
    const char *text;
};
size_t text_rows(const struct text_row **out);
struct word_row {
    const char *language;
    const char *name;
    const char *text;
};
size_t word_rows(const struct word_row **out);

#endif
