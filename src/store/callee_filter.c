#include "store/callee_filter.h"

#include <string.h>

enum { WORD_BITS = 64 };

/* Behind the number of its key the hash is keyed and even: its first bytes are as good as any. */
static uint64_t number_of(struct str phone_hash)
{
    uint64_t number = 0;
    struct str hash = str_slice(phone_hash, 1, phone_hash.len);
    memcpy(&number, hash.ptr, hash.len < sizeof number ? hash.len : sizeof number);
    return number;
}

void callee_filter_note(struct callee_filter *filter, struct str phone_hash)
{
    uint64_t number = number_of(phone_hash);
    filter->is_empty = false;
    filter->words[number / WORD_BITS % CALLEE_FILTER_WORDS] |= UINT64_C(1) << number % WORD_BITS;
}

void callee_filter_note_row(struct callee_filter *filter, enum table table, const void *record)
{
    filter->notes +=
        table == TABLE_do_not_call || table == TABLE_callee_consents || table == TABLE_suppressions;
    if (table == TABLE_do_not_call) {
        callee_filter_note(filter, ((const struct do_not_call *)record)->phone_hash);
    } else if (table == TABLE_callee_consents) {
        callee_filter_note(filter, ((const struct callee_consent *)record)->phone_hash);
    } else if (table == TABLE_suppressions) {
        callee_filter_note(filter, ((const struct suppression *)record)->address_hash);
    }
}

bool callee_filter_may_know(const struct callee_filter *filter, struct str phone_hash)
{
    uint64_t number = number_of(phone_hash);
    return (filter->words[number / WORD_BITS % CALLEE_FILTER_WORDS] >> number % WORD_BITS & 1) != 0;
}
