/* model/value: one parameter or column of a statement. Text and bytes are borrowed. */
#ifndef TOCSIN_MODEL_VALUE_H
#define TOCSIN_MODEL_VALUE_H

#include "model/id.h"

enum value_type { VALUE_NULL, VALUE_INT, VALUE_TEXT, VALUE_BYTES };

struct value {
    enum value_type type;
    int64_t number;
    struct str text;
};

static inline struct value value_int(int64_t number)
{
    return (struct value){.type = VALUE_INT, .number = number};
}

static inline struct value value_id(struct id id)
{
    return id_is_set(id) ? value_int(id.value) : (struct value){.type = VALUE_NULL};
}

static inline struct value value_time(struct instant at)
{
    return instant_is_set(at) ? value_int(instant_ms(at)) : (struct value){.type = VALUE_NULL};
}

static inline struct value value_text(struct str text)
{
    return str_is_set(text) ? (struct value){.type = VALUE_TEXT, .text = text}
                            : (struct value){.type = VALUE_NULL};
}

static inline struct value value_bytes(struct str bytes)
{
    return str_is_set(bytes) ? (struct value){.type = VALUE_BYTES, .text = bytes}
                             : (struct value){.type = VALUE_NULL};
}

#endif
