#include "model/json_foreign.h"

#include "model/json.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

/* The shortest text that is read back as the same number, and still says that it is no whole one.
 */
static void add_real(struct buf *out, double number)
{
    char text[40];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, number);
        if (strtod(text, NULL) == number) {
            break;
        }
    }
    struct str written = str_from(text);
    bool is_plain = str_find_byte(written, '.', 0) == written.len &&
                    str_find_byte(written, 'e', 0) == written.len;
    buf_add(out, written);
    buf_add_text(out, is_plain ? ".0" : "");
}

static void add_members(struct buf *out, json_t *object)
{
    const char *separator = "";
    buf_add_byte(out, '{');
    for (void *member = json_object_iter(object); member != NULL;
         member = json_object_iter_next(object, member)) {
        buf_add_text(out, separator);
        json_add_text(out,
                      (struct str){json_object_iter_key(member), json_object_iter_key_len(member)});
        buf_add_byte(out, ':');
        json_foreign_add(out, json_object_iter_value(member));
        separator = ",";
    }
    buf_add_byte(out, '}');
}

static void add_items(struct buf *out, json_t *array)
{
    buf_add_byte(out, '[');
    for (size_t i = 0; i < json_array_size(array); i++) {
        buf_add_text(out, i == 0 ? "" : ",");
        json_foreign_add(out, json_array_get(array, i));
    }
    buf_add_byte(out, ']');
}

void json_foreign_add(struct buf *out, json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        add_members(out, value);
        return;
    case JSON_ARRAY:
        add_items(out, value);
        return;
    case JSON_STRING:
        json_add_text(out, (struct str){json_string_value(value), json_string_length(value)});
        return;
    case JSON_INTEGER:
        buf_add_int(out, json_integer_value(value));
        return;
    case JSON_REAL:
        add_real(out, json_real_value(value));
        return;
    case JSON_TRUE:
        buf_add_text(out, "true");
        return;
    case JSON_FALSE:
        buf_add_text(out, "false");
        return;
    case JSON_NULL:
        break;
    }
    buf_add_text(out, "null");
}
