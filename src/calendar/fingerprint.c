#include "calendar/expand.h"

#include "base/hash.h"

/* The properties that many feeds write anew at each fetch. */
static const struct str VOLATILE_NAMES[] = {STR_INIT("DTSTAMP"), STR_INIT("CREATED"),
                                            STR_INIT("LAST-MODIFIED"), STR_INIT("PRODID")};

static bool is_volatile(struct str line)
{
    for (size_t i = 0; i < ARRAY_LENGTH(VOLATILE_NAMES); i++) {
        struct str name = VOLATILE_NAMES[i];
        if (line.len > name.len && str_starts_nocase(line, name) &&
            (line.ptr[name.len] == ':' || line.ptr[name.len] == ';')) {
            return true;
        }
    }
    return false;
}

/* Each line is hashed under the hash of those before it, so that nothing has to be copied. */
uint64_t calendar_fingerprint(struct str text)
{
    struct hash_key key = {.low = 0x746f6373696e0003, .high = 0x63616c656e646172};
    bool is_skipping = false;
    struct str line;
    for (struct str rest = text; str_split(&rest, '\n', &line);) {
        if (str_ends(line, STR("\r"))) {
            line = str_slice(line, 0, line.len - 1);
        }
        bool is_fold = line.len > 0 && (line.ptr[0] == ' ' || line.ptr[0] == '\t');
        is_skipping = is_fold ? is_skipping : is_volatile(line);
        if (!is_skipping && line.len > 0) {
            key.low = hash_bytes(key, line);
        }
    }
    return key.low == 0 ? 1 : key.low; /* 0 says that there is none. */
}
