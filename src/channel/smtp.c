#include "channel/mailbox.h"
#include "channel/mime.h"
#include "channel/provider.h"
#include "channel/silent.h"
#include "channel/smtp_reply.h"
#include "channel/verdict.h"

#include "model/http.h"

#include <stdio.h>

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
    if (settings->smtp_user.len == 0 && settings->smtp_password.len > 0) {
        return problem_set(problem, E_INVALID, "SMTP_USER",
                           "SMTP_PASSWORD is set, but SMTP_USER is not.");
    }
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

static enum err check_bounce_domain(const struct provider_settings *settings,
                                    struct problem *problem)
{
    char address[ADDRESS_BYTES_MAX + 1];
    struct str domain = settings->email_bounce_domain;
    if (domain.len == 0) {
        return OK;
    }
    int len = snprintf(address, sizeof address, "bounce@%.*s", STR_FMT(domain));
    bool fits = len > 0 && (size_t)len < sizeof address;
    if (!fits || !address_is_valid(str_from(address))) {
        return problem_set(problem, E_INVALID, "EMAIL_BOUNCE_DOMAIN",
                           "EMAIL_BOUNCE_DOMAIN must be a domain that mail can come back to.");
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
    TRY(check_bounce_domain(settings, problem));
    return check_login(settings, problem);
}

/* A mail that comes back goes to EMAIL_FROM, or, where EMAIL_BOUNCE_DOMAIN is set, to an address of
 * its own there (VERP): whoever sets that says that the domain takes "bounce+ANYTHING". Without
 * that word no address is made up, since receivers ask the sender's server whether it exists, and
 * relays with a login take no sender but the account's. */
static struct str envelope_sender(const struct provider_settings *settings,
                                  const struct mailbox *from, struct str attempt,
                                  struct arena *arena)
{
    if (str_is_set(settings->email_bounce_domain)) {
        struct str verp = arena_printf(arena, "bounce+%.*s@%.*s", STR_FMT(attempt),
                                       STR_FMT(settings->email_bounce_domain));
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
                             .unsubscribe_url = job->unsubscribe_url,
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

/* A certificate that is not trusted, no STARTTLS where it is demanded, TLS to a port without:
 * settings that only an operator mends. */
static void judge_tls(const struct wire_answer *answer, struct arena *arena, struct verdict *out)
{
    struct str quoted = verdict_quote(answer->reason, arena);
    *out = (struct verdict){.kind = VERDICT_NOT_SENT,
                            .category = failure_category_auth,
                            .class = failure_class_OURS,
                            .code = STR("TLS")};
    out->error =
        arena_printf(arena, "The mail server offers no TLS that we accept: %.*s", STR_FMT(quoted));
}

static void smtp_read_send(const struct send_job *job, const struct wire_answer *answer,
                           struct arena *arena, struct verdict *out)
{
    /* A reply of 400 and above decides, however the exchange ended; a lower one may be left over
     * from before. */
    if (answer->status >= 400 && answer->status < 600) {
        smtp_reply_judge(answer, arena, out);
        return;
    }
    if (answer->outcome == WIRE_NOT_SENT && answer->tls_failed) {
        judge_tls(answer, arena, out);
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
const struct provider provider_smtp = {
    .name = "smtp",
    .channels = 1u << channel_EMAIL,
    .check = smtp_check,
    .check_channel = silent_check_channel,
    .build_send = smtp_build_send,
    .read_send = smtp_read_send,
    .build_find = silent_build_find,
    .read_find = silent_read_find,
    .build_cancel = silent_build_cancel,
    .build_poll = silent_build_poll,
    .read_poll = silent_read_poll,
    .build_inbox = silent_build_inbox,
    .build_inbox_more = silent_build_inbox_more,
    .read_inbox = silent_read_inbox,
    .check_hook = silent_check_hook,
    .read_hook = silent_read_hook,
    .spoken = silent_spoken,
    .write_voice = silent_write_voice,
    .write_answer = silent_write_answer,
};
