/* model/rows: records to rows of a table and back.
 *
 * Stored fields are all but F_UNSTORED, LIST and RECORD, in the order of the record. ENUMs are
 * stored by name, INSTANTs in milliseconds, BOOLs as 0 and 1. F_SEALED text goes through the
 * sealer, which binds it to its table, column and row, and is stored as bytes. A row that does not
 * fit (wrong type, unknown name, a seal that does not open) is E_CORRUPT; nothing is repaired. */
#ifndef TOCSIN_MODEL_ROWS_H
#define TOCSIN_MODEL_ROWS_H

#include "base/buf.h"
#include "model/record.h"
#include "model/value.h"

/* The store's encryption, lent to this codec. `where` says to what the text is bound. */
struct seal_place {
    const char *table;
    const char *column;
    struct id row;
};

struct sealer {
    void *context;
    struct str (*seal)(void *context, struct arena *arena, struct seal_place where,
                       struct str plain);
    enum err (*open)(void *context, struct arena *arena, struct seal_place where, struct str sealed,
                     struct str *plain);
};

bool field_is_stored(const struct field *field);
size_t record_column_count(const struct record *record);
/* "id, name, email": for SELECT and INSERT. */
void record_columns(struct buf *out, const struct record *record);

/* How a row is read. */
enum row_reading {
    ROW_WHOLE,
    ROW_BRIEF, /* F_LONG fields stay absent, and their seals are not opened. */
    ROW_BARE,  /* F_SEALED fields stay absent: what is left of a row whose seals do not open. */
};

/* What both directions need to know. */
struct row_context {
    const char *table;
    const struct sealer *sealer; /* May be NULL for a record without F_SEALED fields. */
    struct arena *arena;
    enum row_reading reading;
};

/* A seal is bound to the key of the row, which is the first field of the record. Text that needs no
 * sealing is borrowed from `object`. */
void record_to_values(const struct row_context *context, const struct record *record,
                      const void *object, struct value *out);
/* Text and bytes are copied into the arena, because the row is gone after the next step of its
 * statement. */
NODISCARD enum err record_from_values(const struct row_context *context,
                                      const struct record *record, const struct value *values,
                                      void *out);

#endif
