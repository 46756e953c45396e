#include "net/http_client_internal.h"

#include "base/memory.h"

#include <assert.h>
#include <string.h>

enum { ADDRESS_BYTES_MAX = 254, NAME_BYTES_MAX = 255, REPLY_BYTES_MAX = 1024 };

/* libcurl 7.88 writes an address into the dialogue as it is, so that a space or an angle bracket
 * adds parameters to the command and a line break adds commands. Printable ASCII only: nobody asked
 * for SMTPUTF8. */
static bool address_is_safe(struct str address)
{
    for (size_t i = 0; i < address.len; i++) {
        char c = address.ptr[i];
        if (c <= ' ' || c >= 0x7f || c == '<' || c == '>' || c == '"' || c == '\\') {
            return false;
        }
    }
    return address.len <= ADDRESS_BYTES_MAX;
}

static bool is_mailbox(struct str address)
{
    size_t at = str_find_byte(address, '@', 0);
    return address_is_safe(address) && at > 0 && at + 1 < address.len &&
           str_find_byte(address, '@', at + 1) == address.len;
}

static bool is_host_name(struct str name, bool colon_allowed)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool alnum = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!alnum && c != '-' && c != '.' && c != '_' && !(colon_allowed && c == ':')) {
            return false;
        }
    }
    return name.len > 0 && name.len <= NAME_BYTES_MAX;
}

/* A line end that is not CRLF is where two servers in a row disagree on where a message ends. */
static bool message_is_framed(struct str message)
{
    for (size_t i = 0; i < message.len; i++) {
        char c = message.ptr[i];
        bool follows_cr = i > 0 && message.ptr[i - 1] == '\r';
        bool before_lf = i + 1 < message.len && message.ptr[i + 1] == '\n';
        if (c == '\0' || (c == '\n' && !follows_cr) || (c == '\r' && !before_lf)) {
            return false;
        }
    }
    return str_ends(message, STR("\r\n"));
}

static const char *smtp_complaint(const struct wire_smtp *smtp)
{
    if (!is_host_name(smtp->host, true) || smtp->port <= 0 || smtp->port > 65535) {
        return "the mail server's name or port is malformed";
    }
    if (str_is_set(smtp->ehlo_name) && !is_host_name(smtp->ehlo_name, false)) {
        return "the EHLO name is malformed";
    }
    /* An empty sender is the null sender, to which nothing bounces. */
    if (smtp->from.len > 0 && !is_mailbox(smtp->from)) {
        return "the sender's address is malformed";
    }
    if (!is_mailbox(smtp->to)) {
        return "the recipient's address is malformed";
    }
    if (!message_is_framed(smtp->message)) {
        return "the message has line ends other than CRLF";
    }
    return NULL;
}

bool smtp_check(struct transfer *transfer, struct str *host_key, struct str *reason)
{
    const struct wire_smtp *smtp = &transfer->request.smtp;
    const char *complaint = smtp_complaint(smtp);
    if (complaint != NULL) {
        *reason = str_from(complaint);
        return false;
    }
    *host_key = arena_printf(transfer->arena, "smtp://%.*s:%d", STR_FMT(smtp->host), smtp->port);
    return true;
}

static size_t give_message(char *room, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    if (!transfer_may_leave(transfer)) {
        return CURL_READFUNC_ABORT; /* What has no end is not taken by the server. */
    }
    struct str rest = str_slice(transfer->request.smtp.message, transfer->message_sent,
                                transfer->request.smtp.message.len);
    size_t len = rest.len < size * count ? rest.len : size * count;
    if (len > 0) {
        memcpy(room, rest.ptr, len);
        transfer->message_sent += len;
    }
    return len;
}

/* Every line from the server passes here; the last one is the reply that counts. After a refusal
 * curl says QUIT before it returns, and the goodbye (221) is nobody's answer. */
static size_t take_reply(char *bytes, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    struct str line = str_trim((struct str){bytes, size * count});
    if (!str_starts(line, STR("221"))) {
        buf_clear(&transfer->body);
        buf_add(&transfer->body, str_cut_utf8(line, REPLY_BYTES_MAX));
    }
    return size * count;
}

/* Nothing of a mail server's belongs here; curl would write it to standard output. */
static size_t take_nothing(char *bytes, size_t size, size_t count, void *context)
{
    (void)bytes;
    (void)context;
    return size * count;
}

/* Called on a connection that is ready for the transaction. libcurl 7.88 takes any kept connection
 * to the same host and port, also one in the clear for a message that demands TLS, so that this is
 * asked again here. */
static int before_transaction(void *context, char *peer, char *local, int peer_port, int local_port)
{
    struct transfer *transfer = context;
    struct curl_tlssessioninfo *tls = NULL;
    (void)peer;
    (void)local;
    (void)peer_port;
    (void)local_port;
    if (!transfer_may_leave(transfer)) {
        return CURL_PREREQFUNC_ABORT;
    }
    if (transfer->request.smtp.security == SMTP_PLAIN) {
        return CURL_PREREQFUNC_OK;
    }
    bool asked = curl_easy_getinfo(transfer->easy, CURLINFO_TLS_SSL_PTR, &tls) == CURLE_OK;
    return asked && tls != NULL && tls->internals != NULL ? CURL_PREREQFUNC_OK
                                                          : CURL_PREREQFUNC_ABORT;
}

static struct str smtp_url(struct arena *arena, const struct wire_smtp *smtp)
{
    const char *scheme = smtp->security == SMTP_TLS ? "smtps" : "smtp";
    bool is_ipv6 = str_find_byte(smtp->host, ':', 0) < smtp->host.len;
    struct str url = arena_printf(arena, "%s://%s%.*s%s:%d", scheme, is_ipv6 ? "[" : "",
                                  STR_FMT(smtp->host), is_ipv6 ? "]" : "", smtp->port);
    /* The path is the name that EHLO gives; without it curl would tell the machine's own. */
    return str_is_set(smtp->ehlo_name)
               ? arena_printf(arena, "%.*s/%.*s", STR_FMT(url), STR_FMT(smtp->ehlo_name))
               : url;
}

void smtp_prepare(struct transfer *transfer)
{
    const struct wire_smtp *smtp = &transfer->request.smtp;
    struct arena *arena = transfer->arena;
    CURL *easy = transfer->easy;
    struct str recipient = arena_printf(arena, "<%.*s>", STR_FMT(smtp->to));
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(easy, CURLOPT_URL, smtp_url(arena, smtp).ptr);
    /* ALL means that the transfer fails where STARTTLS is not to be had; TRY would go on in the
     * clear. */
    curl_easy_setopt(easy, CURLOPT_USE_SSL,
                     (long)(smtp->security == SMTP_PLAIN ? CURLUSESSL_NONE : CURLUSESSL_ALL));
    if (str_is_set(smtp->ca_file)) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, arena_cstr(arena, smtp->ca_file));
    }
    if (str_is_set(smtp->username)) {
        curl_easy_setopt(easy, CURLOPT_USERNAME, arena_cstr(arena, smtp->username));
        curl_easy_setopt(easy, CURLOPT_PASSWORD,
                         str_is_set(smtp->password) ? arena_cstr(arena, smtp->password) : "");
    }
    /* Bounds the wait for the answer to QUIT, too, which no other limit does. */
    curl_easy_setopt(easy, CURLOPT_SERVER_RESPONSE_TIMEOUT,
                     (long)duration_seconds(transfer->request.timeout) + 1);
    transfer->list = curl_slist_append(NULL, recipient.ptr);
    if (transfer->list == NULL) {
        memory_is_out();
    }
    curl_easy_setopt(easy, CURLOPT_MAIL_FROM,
                     arena_printf(arena, "<%.*s>", STR_FMT(smtp->from)).ptr);
    curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, transfer->list);
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)smtp->message.len);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, give_message);
    curl_easy_setopt(easy, CURLOPT_READDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_reply);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_nothing);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, before_transaction);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, transfer);
}

/* A message counts as accepted only after its last line, so that a transaction which broke before
 * the end of the text was handed to curl has certainly not been taken. */
static enum wire_outcome outcome_of(const struct transfer *transfer, CURLcode code, long reply)
{
    if (code == CURLE_OK || reply >= 400) {
        return WIRE_ANSWERED;
    }
    if (transfer->address_refused && transfer->sockets_opened == 0) {
        return WIRE_REFUSED_URL;
    }
    bool all_given = transfer->message_sent == transfer->request.smtp.message.len;
    return all_given ? WIRE_UNKNOWN : WIRE_NOT_SENT;
}

void smtp_answer(struct transfer *transfer, CURLcode code)
{
    struct wire_answer *answer = &transfer->answer;
    long reply = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &reply);
    answer->outcome = outcome_of(transfer, code, reply);
    if (answer->outcome == WIRE_REFUSED_URL) {
        answer->reason = STR("a password is not sent without TLS");
    }
    if (answer->outcome != WIRE_ANSWERED) {
        return;
    }
    answer->status = (int)reply;
    answer->timed_out = false;
    answer->body = transfer->body.len > 0 ? buf_str(&transfer->body) : STR("");
    answer->reason = answer->body;
}
