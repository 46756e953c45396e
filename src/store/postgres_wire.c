#include "store/postgres_internal.h"

#include "base/memory.h"
#include "base/str.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

/* Of pg_type; these never change. */
enum {
    OID_BOOL = 16,
    OID_BYTEA = 17,
    OID_INT8 = 20,
    OID_INT2 = 21,
    OID_INT4 = 23,
    OID_NUMERIC = 1700
};

enum { NUMERIC_HEAD = 8, NUMERIC_BASE = 10000, NUMERIC_NEGATIVE = 0x4000 };

enum kind postgres_kind(struct str sql)
{
    static const struct {
        const char *start;
        enum kind kind;
    } kinds[] = {
        {"SELECT", KIND_READ},         {"WITH", KIND_READ},         {"BEGIN", KIND_BEGIN},
        {"SAVEPOINT", KIND_SAVEPOINT}, {"RELEASE", KIND_RELEASE},   {"ROLLBACK TO", KIND_UNDO},
        {"COMMIT", KIND_COMMIT},       {"ROLLBACK", KIND_ROLLBACK}, {"END", KIND_READ_END},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
        if (str_starts(sql, str_from(kinds[i].start))) {
            return kinds[i].kind;
        }
    }
    return KIND_WRITE;
}

static char *copy_of(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = memory_new(size);
    memcpy(copy, text, size);
    return copy;
}

char *postgres_sql(struct str sql, enum kind kind)
{
    if (kind == KIND_BEGIN) {
        return copy_of(str_equal(sql, STR("BEGIN DEFERRED"))
                           ? "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"
                           : "BEGIN");
    }
    char *out = memory_new(sql.len + 1);
    bool is_quoted = false;
    for (size_t i = 0; i < sql.len; i++) {
        is_quoted = is_quoted != (sql.ptr[i] == '\'');
        out[i] = sql.ptr[i] == '?' && !is_quoted ? '$' : sql.ptr[i];
    }
    return out;
}

bool postgres_widen(Oid *types, int count)
{
    bool is_changed = false;
    for (int i = 0; i < count; i++) {
        if (types[i] == OID_INT4 || types[i] == OID_INT2) {
            types[i] = OID_INT8;
            is_changed = true;
        }
    }
    return is_changed;
}

static void bind_number(struct driver_statement *statement, int index, int64_t number)
{
    statement->numbers[index] = htobe64((uint64_t)number);
    statement->values[index] = (const char *)&statement->numbers[index];
    statement->lengths[index] = sizeof statement->numbers[index];
}

enum err postgres_bind(struct driver_statement *statement, const struct value *params)
{
    for (int i = 0; i < statement->count; i++) {
        const struct value *value = &params[i];
        struct str text = value->text;
        switch (value->type) {
        case VALUE_NULL:
            statement->values[i] = NULL;
            break;
        case VALUE_INT:
            if (statement->types[i] != OID_INT8) {
                return E_INTERNAL;
            }
            bind_number(statement, i, value->number);
            break;
        case VALUE_TEXT:
            if (!str_is_utf8(text)) {
                return E_INVALID;
            }
            statement->values[i] = text.ptr;
            statement->lengths[i] = (int)text.len;
            break;
        case VALUE_BYTES:
            statement->values[i] = text.ptr;
            statement->lengths[i] = (int)text.len;
            break;
        }
    }
    return OK;
}

static uint16_t two_bytes(const char *bytes)
{
    uint16_t number;
    memcpy(&number, bytes, sizeof number);
    return be16toh(number);
}

static uint32_t four_bytes(const char *bytes)
{
    uint32_t number;
    memcpy(&number, bytes, sizeof number);
    return be32toh(number);
}

static uint64_t eight_bytes(const char *bytes)
{
    uint64_t number;
    memcpy(&number, bytes, sizeof number);
    return be64toh(number);
}

/* A whole number such as the sum of many: digits to the base of ten thousand, the first of which
 * counts `weight` times the base. Those that are 0 at the end are not sent. */
static int64_t number_of_numeric(const char *bytes)
{
    int digits = two_bytes(bytes);
    int weight = (int16_t)two_bytes(bytes + 2);
    int64_t number = 0;
    for (int i = 0; i <= weight; i++) {
        number = number * NUMERIC_BASE;
        number += i < digits ? two_bytes(bytes + NUMERIC_HEAD + 2 * i) : 0;
    }
    return two_bytes(bytes + 4) == NUMERIC_NEGATIVE ? -number : number;
}

struct value postgres_column(const PGresult *result, int row, int column)
{
    if (PQgetisnull(result, row, column)) {
        return (struct value){.type = VALUE_NULL};
    }
    const char *bytes = PQgetvalue(result, row, column);
    struct str text = {bytes, (size_t)PQgetlength(result, row, column)};
    switch (PQftype(result, column)) {
    case OID_BOOL:
        return value_int(bytes[0] != 0);
    case OID_INT2:
        return value_int((int16_t)two_bytes(bytes));
    case OID_INT4:
        return value_int((int32_t)four_bytes(bytes));
    case OID_INT8:
        return value_int((int64_t)eight_bytes(bytes));
    case OID_NUMERIC:
        return value_int(number_of_numeric(bytes));
    case OID_BYTEA:
        return value_bytes(text);
    default:
        return value_text(text);
    }
}

int64_t postgres_changed(PGresult *result)
{
    int64_t changed = 0;
    const char *text = result == NULL ? "" : PQcmdTuples(result);
    return str_to_int(str_from(text), &changed) == OK ? changed : 0;
}
