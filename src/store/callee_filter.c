#include "store/callee_filter.h"

#include <string.h>

enum { WORD_BITS = 64 };

/* The hash is keyed and even: its first bytes are as good as any. */
static uint64_t number_of(struct str phone_hash)
{
    uint64_t number = 0;
    memcpy(&number, phone_hash.ptr,
           phone_hash.len < sizeof number ? phone_hash.len : sizeof number);
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
