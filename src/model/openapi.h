/* model/openapi: JSON Schema fragments (OpenAPI 3.1) of records and enums. The document itself is
 * put together in api/ from the routes table. Output is stable: the same tables give the same
 * bytes. */
#ifndef TOCSIN_MODEL_OPENAPI_H
#define TOCSIN_MODEL_OPENAPI_H

#include "base/buf.h"
#include "model/record.h"

enum schema_use { SCHEMA_ANSWER, SCHEMA_INPUT, SCHEMA_PARTIAL_INPUT };

/* The object schema of a record, nested records referenced as "#/components/schemas/NAME" (with
 * "Input" appended for inputs) and enums as "#/components/schemas/NAME". In an answer INT, BOOL and
 * F_SHOW_EMPTY members are required, being always written, and so is what is F_REQUIRED (which on
 * an F_READ_ONLY member means just that). */
void openapi_record_schema(struct buf *out, const struct record *record, enum schema_use use);
/* The schema of a single field, for parameters. */
void openapi_field_schema(struct buf *out, const struct field *field, enum schema_use use);
/* The schema of an enum; `meanings` (by value, as in struct enum_doc) may be NULL. */
void openapi_enum_schema(struct buf *out, const struct enum_names *names,
                         const char *const *meanings);
/* Calls `visit` once for the record and each record it nests, depth first. */
void openapi_visit_records(const struct record *record, void *context,
                           void (*visit)(void *context, const struct record *record));

#endif
