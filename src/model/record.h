/* model/record: one description that feeds the C struct, the JSON codec, the row and the schema.
 *
 * A record is a flat C struct whose fields are listed once in a .def table, in this order:
 * FIELD(record, type, member, json, flags, min, max, detail, doc)
 * The type is ID, INT, BOOL, INSTANT, TEXT, ENUM, BYTES, LIST (of records) or RECORD (one, by
 * pointer). The member is also the column. The json name "quietHours.start" is member start of the
 * object quietHours; fields of one object stand together; the one field of a record without a name
 * is bare: its LIST is ["a", "b"]. min and max limit an INT's value, a TEXT's length in bytes or a
 * LIST's items; 0, 0 for none (a TEXT is then at most 64 KiB and a LIST 10000 items). The detail
 * is PLAIN, NAMES(enum), ITEMS(record), FORMAT(format), or FALLBACK(format, "text") for a member
 * of an object that was given. Absent is: an id 0, an instant 0, a TEXT with ptr NULL, an ENUM 0,
 * an empty LIST, a RECORD NULL. INT and BOOL are never absent in a struct; `struct presence` tells
 * what was given. BYTES are never in JSON. A required member of a nested object is required once
 * the object is given, and that unless all its members are F_NULLABLE. INSTANT: milliseconds. */
#ifndef TOCSIN_MODEL_RECORD_H
#define TOCSIN_MODEL_RECORD_H

#include "base/arena.h"
#include "model/id.h"

enum field_type {
    FIELD_ID,
    FIELD_INT,
    FIELD_BOOL,
    FIELD_INSTANT,
    FIELD_TEXT,
    FIELD_ENUM,
    FIELD_BYTES,
    FIELD_LIST,
    FIELD_RECORD
};

#define FIELD_C_ID struct id
#define FIELD_C_INT int64_t
#define FIELD_C_BOOL bool
#define FIELD_C_INSTANT struct instant
#define FIELD_C_TEXT struct str
#define FIELD_C_ENUM int
#define FIELD_C_BYTES struct str
#define FIELD_C_LIST struct list
#define FIELD_C_RECORD const void *

enum field_flag {
    F_NONE = 0,
    F_REQUIRED = 1 << 0,      /* Input must have it. */
    F_READ_ONLY = 1 << 1,     /* Ours: refused in input as an unknown member. */
    F_WRITE_ONLY = 1 << 2,    /* Never in an answer. */
    F_HIDDEN = 1 << 3,        /* Neither in input nor in an answer; stored only. */
    F_UNSTORED = 1 << 4,      /* No column. */
    F_SEALED = 1 << 5,        /* Encrypted at rest (TEXT only). */
    F_PHONE = 1 << 6,         /* Shown with its last four digits only in list views. */
    F_NULLABLE = 1 << 7,      /* Input may say null, which makes it absent. */
    F_QUERY = 1 << 8,         /* Input: from the query string. */
    F_PATH = 1 << 9,          /* Input: from the path. */
    F_SHOW_EMPTY = 1 << 10,   /* LIST: an empty one is shown as []. */
    F_DEFAULT_TRUE = 1 << 11, /* BOOL input: true where it is not given. */
    F_FOREIGN = 1 << 12,      /* TEXT in a format whose parser judges stray control bytes. */
    F_LONG = 1 << 13,         /* SEALED: left out where a row is read briefly. */
    F_ZERO_UNTOLD = 1 << 14,  /* INT: 0 stands for what nobody told, and is not shown. */
    F_MINUS_UNTOLD = 1 << 15, /* The same for an INT below 0, where 0 is a fact. */
    F_LINES = 1 << 16,        /* TEXT input: an object or array becomes its lines (json_lines). */
    F_JSON = 1 << 17,         /* TEXT: an object of the caller's own, kept as its JSON text. */
    F_KEYED = 1 << 18,        /* BYTES: a hash that is keyed with the data key (store/seal). */
};

struct enum_names {
    const char *name;         /* "AlertStatus", the schema's name */
    const char *const *names; /* names[0] is NULL: absent. */
    int count;
};

/* A check beyond length, such as E.164; `pattern` goes into the schema. */
struct text_format {
    const char *name; /* "e164", "email", "hh:mm", "uri", … */
    const char *pattern;
    const char *advice; /* "an E.164 number such as +14155550101" */
    bool (*is_valid)(struct str text);
};

struct list {
    const void *items; /* An array of structs of the LIST's record. */
    size_t count;
};

struct record;

struct field {
    enum field_type type;
    const char *column;
    const char *json;
    size_t offset;
    unsigned flags;
    int64_t min;
    int64_t max;
    struct field_detail {
        const struct enum_names *names;
        const struct record *items;
        const struct text_format *format;
        const char *fallback;
    } detail;
    const char *doc;
};

struct record {
    const char *name; /* "User", the schema's name */
    const struct field *fields;
    size_t field_count;
    size_t size;
    const char *doc;
};

/* clang-format off */
#define PLAIN {0}
#define NAMES(enumeration) {.names = &enumeration##_names}
#define ITEMS(record) {.items = &record##_record}
#define FORMAT(which) {.format = &format_##which}
#define FALLBACK(which, text) {.format = &format_##which, .fallback = text}
/* clang-format on */

enum { RECORD_FIELDS_MAX = 64 };
struct presence {
    uint64_t bits; /* Which fields a caller gave, by index in record->fields. */
};

static inline bool presence_has(struct presence given, size_t field_index)
{
    return field_index < RECORD_FIELDS_MAX && (given.bits >> field_index & 1) != 0;
}

/* The index of the field with this member in the struct; where there is none it asserts. */
size_t record_field_index(const struct record *record, const char *member);
bool record_is_bare(const struct record *record);
static inline const void *list_item(const struct list *list, const struct record *items, size_t at)
{
    return (const char *)list->items + at * items->size;
}

/* One field from one object to another; text stays borrowed. */
void record_copy_field(const struct field *field, const void *from, void *into);
/* What a PATCH does: copies the fields that were given, and takes the FALLBACK of an object that
 * was given partly where `into` has no value of its own. Text stays borrowed. */
void record_merge(const struct record *record, struct presence given, const void *from, void *into);

void *record_member(void *object, const struct field *field);
const void *record_member_const(const void *object, const struct field *field);

/* The name of a value, NULL for 0 or what is out of range; and back, exactly as written. */
const char *enum_name(const struct enum_names *names, int value);
NODISCARD enum err enum_parse(const struct enum_names *names, struct str text, int *out);
#endif
