#include "channel/mailbox.h"
#include "channel/mime.h"
#include "channel/provider.h"
#include "channel/silent.h"
#include "channel/verdict.h"

#include "model/http.h"

static enum err missing(struct problem *problem, const char *name)
{
    return problem_set(problem, E_INVALID, name, "%s is needed to send email over SMTP.", name);
}

static bool host_is_plain(struct str host)
{
    for (size_t i = 0; i < host.len; i++) {
        char c = host.ptr[i];
        if (c <= ' ' || c >= 0x7F || c == '/' || c == '@' || c == '?' || c == '#') {
            return false;
        }
    }
    return true;
}

static enum err check_login(const struct provider_settings *settings, struct problem *problem)
{
    if (settings->smtp_user.len == 0) {
        return OK;
    }
    if (settings->smtp_password.len == 0) {
        return problem_set(problem, E_INVALID, "SMTP_PASSWORD",
                           "SMTP_USER is set, but SMTP_PASSWORD is not.");
    }
    if (settings->smtp_security == SMTP_PLAIN) {
        return problem_set(problem, E_INVALID, "SMTP_SECURE",
                           "A password is only sent over TLS: use SMTP_SECURE, or no SMTP_USER.");
    }
    return OK;
}

static enum err smtp_check(const struct provider_settings *settings, struct problem *problem)
{
    struct mailbox from;
    if (settings->smtp_host.len == 0) {
        return missing(problem, "SMTP_HOST");
    }
    if (!host_is_plain(settings->smtp_host)) {
        return problem_set(problem, E_INVALID, "SMTP_HOST",
                           "It must be a host name or an address, no URL.");
    }
    if (settings->smtp_port < 1 || settings->smtp_port > 65535) {
        return problem_set(problem, E_INVALID, "SMTP_PORT", "It must be from 1 to 65535.");
    }
    if (settings->email_from.len == 0) {
        return missing(problem, "EMAIL_FROM");
    }
    TRY(mailbox_parse(settings->email_from, "EMAIL_FROM", &from, problem));
    return check_login(settings, problem);
}

/* Each mail has its own bounce address (VERP), but only where that is plainly possible: the domain
 * is one that mail can come back to, and we do not log in with a mailbox, since such relays take no
 * sender but that mailbox. */
static struct str envelope_sender(const struct provider_settings *settings,
                                  const struct mailbox *from, struct str attempt,
                                  struct arena *arena)
{
    bool is_mailbox_login = str_contains(settings->smtp_user, STR("@"));
    if (!is_mailbox_login && str_contains(from->domain, STR("."))) {
        struct str verp =
            arena_printf(arena, "bounce+%.*s@%.*s", STR_FMT(attempt), STR_FMT(from->domain));
        if (address_is_valid(verp)) {
            return verp;
        }
    }
    return arena_str(arena, from->address);
}

static enum err smtp_build_send(const struct provider_settings *settings,
                                const struct send_job *job, struct arena *arena,
                                struct wire_request *out, struct problem *problem)
{
    struct mailbox from;
    struct str message = STR_NONE;
    if (job->channel != channel_EMAIL) {
        return problem_set(problem, E_INVALID, "channel", "SMTP carries EMAIL only.");
    }
    TRY(mailbox_parse(settings->email_from, "EMAIL_FROM", &from, problem));
    struct mime_mail mail = {.from = settings->email_from,
                             .to = job->to,
                             .to_name = job->to_name,
                             .subject = job->subject,
                             .text = job->text,
                             .html = job->html,
                             .invite = job->invite,
                             .attempt = job->attempt,
                             .thread = job->thread,
                             .now = job->now};
    TRY(mime_write(&mail, arena, &message, problem));
    *out = (struct wire_request){.kind = WIRE_SMTP, .timeout = settings->timeout};
    out->smtp = (struct wire_smtp){.host = settings->smtp_host,
                                   .port = settings->smtp_port,
                                   .security = settings->smtp_security,
                                   .ehlo_name = str_is_set(settings->ehlo_name)
                                                    ? settings->ehlo_name
                                                    : arena_str(arena, from.domain),
                                   .username = settings->smtp_user,
                                   .password = settings->smtp_password,
                                   .ca_file = settings->smtp_ca_file,
                                   .from = envelope_sender(settings, &from, job->attempt, arena),
                                   .to = arena_str(arena, job->to),
                                   .message = message};
    return OK;
}

/* What a refusal means. Rows are tried in order; 0 fits any number. `code` is the reply code,
 * `class`, `subject` and `detail` the enhanced one (RFC 3463); a row with a `class` fits only
 * replies that have one. */
struct reply_row {
    int code;
    int class;
    int subject;
    int detail;
    enum failure_category category;
    bool is_temporary;
};

/* clang-format off */
static const struct reply_row reply_rows[] = {
    /* Our login. */
    {530, 0, 0, 0, failure_category_auth, false},
    {534, 0, 0, 0, failure_category_auth, false},
    {535, 0, 0, 0, failure_category_auth, false},
    {538, 0, 0, 0, failure_category_auth, false},
    {454, 4, 7, 0, failure_category_auth, true},
    {0,   5, 7, 8, failure_category_auth, false},
    {0,   5, 7, 9, failure_category_auth, false},
    /* They are closing; nothing is wrong with the mail. */
    {421, 0, 0, 0, failure_category_provider_error, true},
    /* Our own address is at fault, not the person's. */
    {0,   5, 1, 7, failure_category_carrier_rejected, false},
    {0,   5, 1, 8, failure_category_carrier_rejected, false},
    /* The person's address, and mailbox. */
    {0,   5, 1, 0, failure_category_invalid_number, false},
    {0,   5, 2, 2, failure_category_unreachable, true},
    {0,   5, 2, 3, failure_category_rejected_content, false},
    {0,   5, 2, 0, failure_category_unreachable, false},
    {0,   5, 3, 4, failure_category_rejected_content, false},
    {0,   5, 6, 0, failure_category_rejected_content, false},
    {0,   5, 7, 0, failure_category_carrier_rejected, false},
    {0,   5, 0, 0, failure_category_provider_error, false},
    {0,   4, 2, 0, failure_category_unreachable, true},
    {0,   4, 7, 0, failure_category_rate_limited, true},
    {0,   4, 0, 0, failure_category_provider_error, true},
    /* Replies without an enhanced code. */
    {450, 0, 0, 0, failure_category_unreachable, true},
    {550, 0, 0, 0, failure_category_invalid_number, false},
    {551, 0, 0, 0, failure_category_invalid_number, false},
    {552, 0, 0, 0, failure_category_unreachable, true},
    {553, 0, 0, 0, failure_category_invalid_number, false},
    {556, 0, 0, 0, failure_category_invalid_number, false},
    {554, 0, 0, 0, failure_category_carrier_rejected, false},
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

static void judge_refusal(const struct wire_answer *answer, struct arena *arena,
                          struct verdict *out)
{
    struct str line = answer->body.len > 0 ? answer->body : answer->reason;
    struct enhanced_code enhanced = find_enhanced(line, answer->status);
    *out = (struct verdict){.kind = VERDICT_REFUSED,
                            .category = failure_category_provider_error,
                            .is_temporary = answer->status < 500};
    for (size_t i = 0; i < ARRAY_LENGTH(reply_rows); i++) {
        if (row_fits(&reply_rows[i], answer->status, enhanced)) {
            out->category = reply_rows[i].category;
            out->is_temporary = reply_rows[i].is_temporary;
            break;
        }
    }
    if (out->category == failure_category_auth) {
        /* A server may repeat what it was given, so its words on a login are not passed on. */
        out->error = arena_printf(arena, "The mail server refused our login (%d).", answer->status);
        return;
    }
    struct str quoted = verdict_quote(line, arena);
    out->error = arena_printf(arena, "The mail server refused with %d: %.*s", answer->status,
                              STR_FMT(quoted));
}

static void smtp_read_send(const struct send_job *job, const struct wire_answer *answer,
                           struct arena *arena, struct verdict *out)
{
    /* A reply of 400 and above decides, however the exchange ended; a lower one may be left over
     * from before. */
    if (answer->status >= 400 && answer->status < 600) {
        judge_refusal(answer, arena, out);
        return;
    }
    if (verdict_unanswered(answer, arena, out)) {
        return;
    }
    if (answer->status >= 200 && answer->status < 300) {
        /* SMTP gives no id of its own that can be asked for; ours is the first half of the
         * Message-ID. */
        *out = (struct verdict){.kind = VERDICT_ACCEPTED,
                                .provider_id = arena_str(arena, job->attempt)};
        return;
    }
    *out = (struct verdict){.kind = VERDICT_UNKNOWN, .category = failure_category_provider_error};
    out->error = arena_printf(arena, "The mail server's last reply was %d.", answer->status);
}

/* A mail server cannot be asked: the mail is repeated once with the same Message-ID instead
 * (protocols.md 4). */
static enum err smtp_build_find(const struct provider_settings *settings,
                                const struct send_job *job, struct arena *arena,
                                struct wire_request *out)
{
    (void)settings;
    (void)job;
    (void)arena;
    (void)out;
    return E_NOT_FOUND;
}

static void smtp_read_find(const struct send_job *job, const struct wire_answer *answer,
                           struct arena *arena, struct verdict *out)
{
    (void)job;
    (void)answer;
    (void)arena;
    *out = (struct verdict){.kind = VERDICT_UNKNOWN,
                            .category = failure_category_unknown,
                            .error = STR("A mail server cannot be asked what became of a mail.")};
}

static enum err smtp_build_cancel(const struct provider_settings *settings, struct str provider_id,
                                  struct arena *arena, struct wire_request *out)
{
    (void)settings;
    (void)provider_id;
    (void)arena;
    (void)out;
    return E_NOT_FOUND;
}

const struct provider provider_smtp = {
    .name = "smtp",
    .channels = 1u << channel_EMAIL,
    .check = smtp_check,
    .build_send = smtp_build_send,
    .read_send = smtp_read_send,
    .build_find = smtp_build_find,
    .read_find = smtp_read_find,
    .build_cancel = smtp_build_cancel,
    .build_poll = silent_build_poll,
    .read_poll = silent_read_poll,
    .build_inbox = silent_build_inbox,
    .read_inbox = silent_read_inbox,
    .check_hook = silent_check_hook,
    .read_hook = silent_read_hook,
    .write_voice = silent_write_voice,
    .write_answer = silent_write_answer,
};
