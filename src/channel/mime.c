#include "channel/mime.h"

#include "base/buf.h"
#include "channel/mime_text.h"

#include <string.h>

enum { UNSUBSCRIBE_BYTES_MAX = 900 }; /* A line has at most 998 (RFC 5322 2.1.1). */

/* The parts, encoded, and what the headers are made of. */
struct draft {
    const struct mime_mail *mail;
    struct mailbox from;
    struct mailbox to;
    struct str method; /* Of the invite. */
    struct str text;
    struct str html;
    struct str invite;
    struct str mixed; /* The boundaries. */
    struct str alternative;
    struct arena *arena;
};

/* The METHOD of an invite. Only those that we send. */
static enum err read_method(struct str invite, struct str *out)
{
    struct str rest = invite;
    struct str line = STR_NONE;
    while (str_split(&rest, '\n', &line)) {
        struct str trimmed = str_trim(line);
        if (!str_starts_nocase(trimmed, STR("METHOD:"))) {
            continue;
        }
        *out = str_slice(trimmed, 7, trimmed.len);
        bool is_ours = str_equal_text(*out, "REQUEST") || str_equal_text(*out, "CANCEL");
        return is_ours ? OK : E_INVALID;
    }
    return E_INVALID;
}

static enum err check_body(struct str text, const char *field, struct problem *problem)
{
    if (str_is_utf8(text)) {
        return OK;
    }
    return problem_set(problem, E_INVALID, field, "It must be UTF-8 without NUL.");
}

static enum err check_parts(struct draft *draft, struct problem *problem)
{
    const struct mime_mail *mail = draft->mail;
    if (mail->text.len == 0) {
        return problem_set(problem, E_INVALID, "text", "A mail needs a text.");
    }
    TRY(check_body(mail->text, "text", problem));
    TRY(check_body(mail->html, "html", problem));
    TRY(check_body(mail->invite, "invite", problem));
    if (mail->invite.len > 0 && read_method(mail->invite, &draft->method) != OK) {
        return problem_set(problem, E_INVALID, "invite",
                           "It needs METHOD:REQUEST or METHOD:CANCEL.");
    }
    return OK;
}

static enum err check_recipient(struct draft *draft, struct problem *problem)
{
    const struct mime_mail *mail = draft->mail;
    draft->to = (struct mailbox){.name = mail->to_name, .address = mail->to};
    if (!address_is_valid(mail->to)) {
        return problem_set(problem, E_INVALID, "to",
                           "It is not an address that mail can be sent to.");
    }
    if (!text_is_one_line(mail->to_name) || mail->to_name.len > DISPLAY_NAME_BYTES_MAX) {
        return problem_set(problem, E_INVALID, "toName",
                           "At most %d bytes on one line are allowed.", DISPLAY_NAME_BYTES_MAX);
    }
    return OK;
}

/* It stands between '<' and '>' on a line of its own. */
static enum err check_unsubscribe(struct str url, struct problem *problem)
{
    bool is_web = str_starts(url, STR("https://")) || str_starts(url, STR("http://"));
    bool is_sound = !str_is_set(url) || (is_web && url.len <= UNSUBSCRIBE_BYTES_MAX);
    for (size_t i = 0; i < url.len; i++) {
        is_sound =
            is_sound && url.ptr[i] > ' ' && url.ptr[i] < 0x7F && strchr("<>,", url.ptr[i]) == NULL;
    }
    if (!is_sound) {
        return problem_set(problem, E_INVALID, "unsubscribe", "It must be an http or https URL.");
    }
    return OK;
}

static enum err check_mail(struct draft *draft, struct problem *problem)
{
    const struct mime_mail *mail = draft->mail;
    TRY(mailbox_parse(mail->from, "EMAIL_FROM", &draft->from, problem));
    TRY(check_recipient(draft, problem));
    if (!text_is_one_line(mail->subject) || mail->subject.len > MIME_SUBJECT_BYTES_MAX) {
        return problem_set(problem, E_INVALID, "subject",
                           "At most %d bytes on one line are allowed.", MIME_SUBJECT_BYTES_MAX);
    }
    if (!token_is_plain(mail->attempt, MIME_TOKEN_BYTES_MAX)) {
        return problem_set(problem, E_INVALID, "attempt", "It is not a plain id.");
    }
    if (str_is_set(mail->thread) && !token_is_plain(mail->thread, MIME_TOKEN_BYTES_MAX)) {
        return problem_set(problem, E_INVALID, "thread", "It is not a plain id.");
    }
    TRY(check_unsubscribe(mail->unsubscribe_url, problem));
    return check_parts(draft, problem);
}

static void add_date(struct buf *out, struct instant now)
{
    static const char *const weekdays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    int64_t seconds = instant_ms(now) / 1000;
    int64_t days = seconds / 86400;
    int second_of_day = (int)(seconds % 86400);
    struct date date = date_from_days(days);
    buf_printf(out, "Date: %s, %02d %s %04d %02d:%02d:%02d +0000\r\n",
               weekdays[weekday_of_days(days)], date.day, months[date.month - 1], (int)date.year,
               second_of_day / 3600, second_of_day / 60 % 60, second_of_day % 60);
}

/* "Message-ID: <token@domain>", on a line of its own where both do not fit. */
static void add_id(struct buf *out, const char *name, struct str token, struct str domain)
{
    bool fits = strlen(name) + token.len + domain.len + 5 <= 78;
    buf_printf(out, "%s:%s<%.*s@%.*s>\r\n", name, fits ? " " : "\r\n ", STR_FMT(token),
               STR_FMT(domain));
}

static void add_headers(struct buf *out, const struct draft *draft)
{
    const struct mime_mail *mail = draft->mail;
    add_date(out, mail->now);
    mime_add_mailbox(out, "From", &draft->from);
    mime_add_mailbox(out, "To", &draft->to);
    mime_add_unstructured(out, "Subject", mail->subject);
    add_id(out, "Message-ID", mail->attempt, draft->from.domain);
    if (str_is_set(mail->thread) && !str_equal(mail->thread, mail->attempt)) {
        add_id(out, "In-Reply-To", mail->thread, draft->from.domain);
        add_id(out, "References", mail->thread, draft->from.domain);
    }
    if (str_is_set(mail->unsubscribe_url)) {
        /* On one line, whatever its length: not every mail program joins a folded one. */
        buf_printf(out,
                   "List-Unsubscribe: <%.*s>\r\n"
                   "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
                   STR_FMT(mail->unsubscribe_url));
    }
    buf_add_text(out, "Auto-Submitted: auto-generated\r\n"
                      "X-Auto-Response-Suppress: All\r\n"
                      "MIME-Version: 1.0\r\n");
}

static void encode_parts(struct draft *draft)
{
    struct buf text = {.arena = draft->arena};
    struct buf html = {.arena = draft->arena};
    struct buf invite = {.arena = draft->arena};
    mime_add_quoted_printable(&text, draft->mail->text);
    draft->text = buf_str(&text);
    if (draft->mail->html.len > 0) {
        mime_add_quoted_printable(&html, draft->mail->html);
        draft->html = buf_str(&html);
    }
    if (draft->mail->invite.len > 0) {
        mime_add_base64(&invite, draft->mail->invite);
        draft->invite = buf_str(&invite);
    }
}

static bool occurs(const struct draft *draft, struct str boundary)
{
    return str_contains(draft->text, boundary) || str_contains(draft->html, boundary) ||
           str_contains(draft->invite, boundary);
}

/* A text can hold only finitely many candidates, so this ends. */
static struct str choose_boundary(const struct draft *draft, const char *kind)
{
    for (unsigned number = 0;; number++) {
        struct str boundary =
            arena_printf(draft->arena, "%s%u-%.*s", kind, number, STR_FMT(draft->mail->attempt));
        if (!occurs(draft, boundary)) {
            return boundary;
        }
    }
}

static void add_multipart(struct buf *out, const char *kind, struct str boundary)
{
    buf_printf(out, "Content-Type: multipart/%s;\r\n boundary=\"%.*s\"\r\n\r\n", kind,
               STR_FMT(boundary));
}

static void add_text_part(struct buf *out, const char *subtype, struct str encoded)
{
    buf_printf(out,
               "Content-Type: text/%s; charset=utf-8\r\n"
               "Content-Transfer-Encoding: quoted-printable\r\n\r\n",
               subtype);
    buf_add(out, encoded);
}

static void add_alternative(struct buf *out, const struct draft *draft)
{
    struct str boundary = draft->alternative;
    add_multipart(out, "alternative", boundary);
    buf_printf(out, "--%.*s\r\n", STR_FMT(boundary));
    add_text_part(out, "plain", draft->text);
    if (draft->html.len > 0) {
        buf_printf(out, "\r\n--%.*s\r\n", STR_FMT(boundary));
        add_text_part(out, "html", draft->html);
    }
    if (draft->invite.len > 0) {
        buf_printf(out,
                   "\r\n--%.*s\r\n"
                   "Content-Type: text/calendar; charset=utf-8; method=%.*s\r\n"
                   "Content-Transfer-Encoding: base64\r\n\r\n",
                   STR_FMT(boundary), STR_FMT(draft->method));
        buf_add(out, draft->invite);
    }
    buf_printf(out, "\r\n--%.*s--\r\n", STR_FMT(boundary));
}

static void add_mixed(struct buf *out, const struct draft *draft)
{
    add_multipart(out, "mixed", draft->mixed);
    buf_printf(out, "--%.*s\r\n", STR_FMT(draft->mixed));
    add_alternative(out, draft);
    buf_printf(out,
               "\r\n--%.*s\r\n"
               "Content-Type: application/ics; name=\"invite.ics\"\r\n"
               "Content-Disposition: attachment; filename=\"invite.ics\"\r\n"
               "Content-Transfer-Encoding: base64\r\n\r\n",
               STR_FMT(draft->mixed));
    buf_add(out, draft->invite);
    buf_printf(out, "\r\n--%.*s--\r\n", STR_FMT(draft->mixed));
}

enum err mime_write(const struct mime_mail *mail, struct arena *arena, struct str *out,
                    struct problem *problem)
{
    struct draft draft = {.mail = mail, .arena = arena};
    TRY(check_mail(&draft, problem));
    encode_parts(&draft);
    /* Neither boundary can begin with the other, because their kinds differ in the first letter. */
    draft.mixed = choose_boundary(&draft, "mixed-");
    draft.alternative = choose_boundary(&draft, "parts-");
    struct buf message = {.arena = arena};
    add_headers(&message, &draft);
    if (draft.invite.len > 0) {
        add_mixed(&message, &draft);
    } else if (draft.html.len > 0) {
        add_alternative(&message, &draft);
    } else {
        add_text_part(&message, "plain", draft.text);
    }
    *out = buf_str(&message);
    return OK;
}
