#include "channel/smtp_reply.h"

#include "channel/verdict.h"

/* What a refusal means. Rows are tried in order; 0 fits any number. `code` is the reply code,
 * `class`, `subject` and `detail` the enhanced one (RFC 3463); a row with a `class` fits only
 * replies that have one. */
struct reply_row {
    int code;
    int class;
    int subject;
    int detail;
    enum failure_category category;
    enum failure_class what;
};

/* clang-format off */
static const struct reply_row reply_rows[] = {
    /* Our login. */
    {530, 0, 0, 0, failure_category_auth, failure_class_OURS},
    {534, 0, 0, 0, failure_category_auth, failure_class_OURS},
    {535, 0, 0, 0, failure_category_auth, failure_class_OURS},
    {538, 0, 0, 0, failure_category_auth, failure_class_OURS},
    {454, 4, 7, 0, failure_category_auth, failure_class_AGAIN},
    {0,   5, 7, 8, failure_category_auth, failure_class_OURS},
    {0,   5, 7, 9, failure_category_auth, failure_class_OURS},
    /* They are closing; nothing is wrong with the mail. */
    {421, 0, 0, 0, failure_category_provider_error, failure_class_AGAIN},
    /* Our own address is at fault, not the person's. */
    {0,   5, 1, 7, failure_category_carrier_rejected, failure_class_OURS},
    {0,   5, 1, 8, failure_category_carrier_rejected, failure_class_OURS},
    /* The person's address, and mailbox. */
    {0,   5, 1, 0, failure_category_invalid_number, failure_class_RECIPIENT},
    {0,   5, 2, 2, failure_category_unreachable, failure_class_AGAIN},
    {0,   5, 2, 3, failure_category_rejected_content, failure_class_OURS},
    {0,   5, 2, 0, failure_category_unreachable, failure_class_ELSEWHERE},
    {0,   5, 3, 4, failure_category_rejected_content, failure_class_OURS},
    {0,   5, 6, 0, failure_category_rejected_content, failure_class_OURS},
    {0,   5, 7, 0, failure_category_carrier_rejected, failure_class_OURS},
    {0,   5, 0, 0, failure_category_provider_error, failure_class_ELSEWHERE},
    {0,   4, 2, 0, failure_category_unreachable, failure_class_AGAIN},
    {0,   4, 7, 0, failure_category_rate_limited, failure_class_AGAIN},
    {0,   4, 0, 0, failure_category_provider_error, failure_class_AGAIN},
    /* Replies without an enhanced code. */
    {450, 0, 0, 0, failure_category_unreachable, failure_class_AGAIN},
    {550, 0, 0, 0, failure_category_invalid_number, failure_class_RECIPIENT},
    {551, 0, 0, 0, failure_category_invalid_number, failure_class_RECIPIENT},
    {552, 0, 0, 0, failure_category_unreachable, failure_class_AGAIN},
    {553, 0, 0, 0, failure_category_invalid_number, failure_class_RECIPIENT},
    {556, 0, 0, 0, failure_category_invalid_number, failure_class_RECIPIENT},
    {554, 0, 0, 0, failure_category_carrier_rejected, failure_class_OURS},
};
/* clang-format on */

struct enhanced_code {
    int class;
    int subject;
    int detail;
};

/* Reads "5.1.1" from the start of a word; all zero where it is none, or does not agree with the
 * reply code. */
static struct enhanced_code read_enhanced(struct str word, int status)
{
    int64_t numbers[3] = {0};
    struct str part = STR_NONE;
    for (size_t i = 0; i < 3; i++) {
        bool is_number = str_split(&word, '.', &part) && part.len > 0 && part.len <= 3 &&
                         part.ptr[0] >= '0' && part.ptr[0] <= '9' &&
                         str_to_int(part, &numbers[i]) == OK;
        if (!is_number) {
            return (struct enhanced_code){0};
        }
    }
    if (str_is_set(word) || numbers[0] != status / 100) {
        return (struct enhanced_code){0};
    }
    return (struct enhanced_code){(int)numbers[0], (int)numbers[1], (int)numbers[2]};
}

/* "550 5.1.1 No such user", "550-5.1.1 …" or without the reply code. */
static struct enhanced_code find_enhanced(struct str line, int status)
{
    struct str rest = str_trim(line);
    bool has_code = rest.len > 3 && rest.ptr[0] >= '2' && rest.ptr[0] <= '5' &&
                    (rest.ptr[3] == ' ' || rest.ptr[3] == '-');
    if (has_code) {
        rest = str_trim(str_slice(rest, 4, rest.len));
    }
    return read_enhanced(str_slice(rest, 0, str_find_byte(rest, ' ', 0)), status);
}

static bool row_fits(const struct reply_row *row, int status, struct enhanced_code enhanced)
{
    return (row->code == 0 || row->code == status) &&
           (row->class == 0 || row->class == enhanced.class) &&
           (row->subject == 0 || row->subject == enhanced.subject) &&
           (row->detail == 0 || row->detail == enhanced.detail);
}

/* Many servers and our own relay say 550 without an enhanced code to what they will not carry, be
 * the address right or wrong: what sounds like that must not take anybody's address out of use. */
static bool is_about_us(struct str line)
{
    static const char *const words[] = {"relay", "spam",    "spf",    "dkim",    "dmarc",
                                        "block", "policy",  "listed", "sender",  "authent",
                                        "rdns",  "reverse", "helo",   "content", "reputation"};
    for (size_t i = 0; i < line.len; i++) {
        struct str rest = str_slice(line, i, line.len);
        for (size_t j = 0; j < ARRAY_LENGTH(words); j++) {
            if (str_starts_nocase(rest, str_from(words[j]))) {
                return true;
            }
        }
    }
    return false;
}

/* "550 5.1.1", or "421" where there is no enhanced code. */
static struct str code_of(int status, struct enhanced_code enhanced, struct arena *arena)
{
    if (enhanced.class == 0) {
        return arena_printf(arena, "%d", status);
    }
    return arena_printf(arena, "%d %d.%d.%d", status, enhanced.class, enhanced.subject,
                        enhanced.detail);
}

void smtp_reply_judge(const struct wire_answer *answer, struct arena *arena, struct verdict *out)
{
    struct str line = answer->body.len > 0 ? answer->body : answer->reason;
    struct enhanced_code enhanced = find_enhanced(line, answer->status);
    *out = (struct verdict){.kind = VERDICT_REFUSED,
                            .category = failure_category_provider_error,
                            .class = answer->status < 500 ? failure_class_AGAIN
                                                          : failure_class_ELSEWHERE,
                            .code = code_of(answer->status, enhanced, arena)};
    for (size_t i = 0; i < ARRAY_LENGTH(reply_rows); i++) {
        if (row_fits(&reply_rows[i], answer->status, enhanced)) {
            out->category = reply_rows[i].category;
            out->class = reply_rows[i].what;
            break;
        }
    }
    if (out->class == failure_class_RECIPIENT && enhanced.class == 0 && is_about_us(line)) {
        out->category = failure_category_carrier_rejected;
        out->class = failure_class_OURS;
    }
    out->is_temporary = out->class == failure_class_AGAIN;
    if (out->category == failure_category_auth) {
        /* A server may repeat what it was given, so its words on a login are not passed on. */
        out->error = arena_printf(arena, "The mail server refused our login (%d).", answer->status);
        return;
    }
    struct str quoted = verdict_quote(line, arena);
    out->error = arena_printf(arena, "The mail server refused with %d: %.*s", answer->status,
                              STR_FMT(quoted));
}
