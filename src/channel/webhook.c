#include "channel/webhook.h"

#include "channel/provider.h"
#include "channel/silent.h"
#include "channel/verdict.h"

#include "model/json.h"

#include <openssl/hmac.h>

/* A signed HTTP request: POST of a JSON object {id, at, title, text}. The signature is the
 * HMAC-SHA256 of "TIME.BODY" under the secret, as "t=TIME,v1=HEX" in X-Tocsin-Signature; TIME is
 * seconds since 1970. The id is the same when a post is repeated. */

enum { DIGEST_BYTES = 32, ANSWER_BYTES_MAX = 64 * 1024, URL_BYTES_MAX = 2048 };

static bool is_url(struct str url)
{
    bool has_scheme = str_starts(url, STR("https://")) || str_starts(url, STR("http://"));
    for (size_t i = 0; i < url.len; i++) {
        if (url.ptr[i] <= ' ' || url.ptr[i] >= 0x7F) {
            return false;
        }
    }
    return has_scheme && url.len > sizeof "http://" && url.len <= URL_BYTES_MAX;
}

static void add_member(struct buf *out, const char *name, struct str value)
{
    buf_add_text(out, out->len > 1 ? "," : "");
    json_add_text(out, str_from(name));
    buf_add_byte(out, ':');
    json_add_text(out, value);
}

static struct str write_body(const struct send_job *job, struct arena *arena)
{
    struct buf body = {.arena = arena};
    char at[INSTANT_TEXT_MAX];
    buf_add_byte(&body, '{');
    add_member(&body, "id", job->attempt);
    add_member(&body, "at", instant_format(job->now, at));
    add_member(&body, "title", job->subject);
    add_member(&body, "text", job->text);
    buf_add_byte(&body, '}');
    return buf_str(&body);
}

struct str webhook_signature(struct arena *arena, struct str secret, struct instant now,
                             struct str body)
{
    unsigned char digest[DIGEST_BYTES];
    unsigned len = 0;
    long long seconds = (long long)(instant_ms(now) / 1000);
    struct str signed_text = arena_printf(arena, "%lld.%.*s", seconds, STR_FMT(body));
    HMAC(EVP_sha256(), secret.ptr, (int)secret.len, (const unsigned char *)signed_text.ptr,
         signed_text.len, digest, &len);
    struct buf out = {.arena = arena};
    buf_printf(&out, "t=%lld,v1=", seconds);
    for (size_t i = 0; i < DIGEST_BYTES; i++) {
        buf_printf(&out, "%02x", digest[i]);
    }
    return buf_str(&out);
}

static void add_header(struct wire_http *http, struct str name, struct str value)
{
    http->headers[http->header_count++] = (struct http_header){name, value};
}

static enum err webhook_build_send(const struct provider_settings *settings,
                                   const struct send_job *job, struct arena *arena,
                                   struct wire_request *out, struct problem *problem)
{
    if (job->channel != channel_WEBHOOK || !is_url(job->to)) {
        return problem_set(problem, E_INVALID, "to", "a webhook goes to an http or https URL");
    }
    *out = (struct wire_request){.kind = WIRE_HTTP, .timeout = settings->timeout};
    out->http.method = STR("POST");
    out->http.url = arena_str(arena, job->to);
    out->http.body = write_body(job, arena);
    out->http.body_bytes_max = ANSWER_BYTES_MAX;
    add_header(&out->http, STR("Content-Type"), STR("application/json"));
    add_header(&out->http, STR("Idempotency-Key"), arena_str(arena, job->attempt));
    if (settings->webhook_secret.len > 0) {
        add_header(&out->http, STR("X-Tocsin-Signature"),
                   webhook_signature(arena, settings->webhook_secret, job->now, out->http.body));
    }
    return OK;
}

static enum failure_category category_of(int status)
{
    return status == 401 || status == 403 ? failure_category_auth
           : status == 408                ? failure_category_timeout
           : status == 429                ? failure_category_rate_limited
           : status >= 500                ? failure_category_provider_error
                                          : failure_category_rejected_content;
}

/* A receiver drops a second post with the same id: an unclear outcome may be repeated. */
static void webhook_read_send(const struct send_job *job, const struct wire_answer *answer,
                              struct arena *arena, struct verdict *out)
{
    if (verdict_unanswered(answer, arena, out)) {
        return;
    }
    if (answer->status >= 200 && answer->status < 300) {
        *out = (struct verdict){.kind = VERDICT_ACCEPTED, .provider_id = job->attempt};
        return;
    }
    int status = answer->status;
    *out = (struct verdict){
        .kind = VERDICT_REFUSED,
        .error = arena_printf(arena, "The webhook's server answered %d.", status),
        .category = category_of(status),
        .code = arena_printf(arena, "%d", status),
        .is_temporary = status == 408 || status == 429 || status >= 500,
        .retry_after_seconds = answer->retry_after_seconds,
    };
}

const struct provider provider_webhook = {
    .name = "webhook",
    .channels = 1u << channel_WEBHOOK,
    .check = silent_check,
    .check_channel = silent_check_channel,
    .build_send = webhook_build_send,
    .read_send = webhook_read_send,
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
