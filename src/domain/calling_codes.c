#include "domain/calling_codes.h"

#include <assert.h>
#include <string.h>

enum { PREFIX_MAX = 7, DIGITS_MIN = 7, DIGITS_MAX = 15 };

static const struct {
    char prefix[PREFIX_MAX + 1];
    char country[COUNTRY_BYTES];
} rows[] = {
#define CODE(prefix, country) {prefix, country},
#include "domain/calling_codes.def"
#undef CODE
};

static bool is_number(struct str phone)
{
    if (phone.len < 1 + DIGITS_MIN || phone.len > 1 + DIGITS_MAX || phone.ptr[0] != '+') {
        return false;
    }
    for (size_t i = 1; i < phone.len; i++) {
        if (phone.ptr[i] < '0' || phone.ptr[i] > '9') {
            return false;
        }
    }
    return true;
}

bool calling_country(struct str phone, char out[static COUNTRY_BYTES])
{
    size_t longest = 0;
    out[0] = '\0';
    if (!is_number(phone)) {
        return false;
    }
    struct str digits = str_slice(phone, 1, phone.len);
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        if (rows[i].prefix[0] != digits.ptr[0]) {
            continue;
        }
        size_t len = strlen(rows[i].prefix);
        assert(len > 0);
        if (len > longest && len <= digits.len && memcmp(digits.ptr, rows[i].prefix, len) == 0) {
            longest = len;
            memcpy(out, rows[i].country, COUNTRY_BYTES);
        }
    }
    return out[0] != '\0';
}

bool calling_country_is_known(struct str country)
{
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        if (str_equal_text(country, rows[i].country)) {
            return true;
        }
    }
    return false;
}
