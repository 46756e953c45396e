#include "api/hooks.h"

#include "api/call.h"
#include "service/hooks.h"

/* What goes through the executor: the input of take_hook. */
struct hook_visit {
    const struct provider *provider;
    enum hook hook;
    struct provider_news news;
};

static const struct duration log_every = SECONDS_INIT(10);

/* Somebody who guesses must not fill the log. Nothing of the request but its place is written: the
 * URL as the provider must have it, for where the proxy or TOCSIN_PUBLIC_URL is wrong. */
static void note_refusal(const struct api_call *call, struct hook_log *log,
                         const struct hook_visit *visit)
{
    const struct site *site = call->site;
    struct instant now = site->clock.now(site->clock.context);
    log->refused++;
    atomic_fetch_add(&site->stats->hooks_refused, 1);
    bool is_quiet = instant_is_set(log->written_at) && !instant_before(now, log->written_at) &&
                    instant_since(now, log->written_at).us < log_every.us;
    if (is_quiet) {
        return;
    }
    log->written_at = now;
    log_write(site->log, LOG_WARN, LOG_HTTP, str_from(call->request_id),
              "%s/%s: not signed by %s for %.*s%.*s, refused; %lld so far", visit->provider->name,
              hook_name(visit->hook), visit->provider->name,
              STR_FMT(site->provider_settings.public_url), STR_FMT(call->request.path),
              (long long)log->refused);
}

static struct str signed_url(const struct api_call *call)
{
    const struct http_request *request = &call->request;
    struct str base = call->site->provider_settings.public_url;
    bool has_query = request->query.len > 0;
    return arena_printf(call->arena, "%.*s%.*s%s%.*s", STR_FMT(base), STR_FMT(request->path),
                        has_query ? "?" : "", STR_FMT(request->query));
}

static enum err find_place(const struct api_call *call, struct hook_visit *out,
                           struct problem *problem)
{
    out->hook = hook_find(call->match.hook);
    if (out->hook == HOOK_COUNT) {
        return problem_set(problem, E_NOT_FOUND, NULL,
                           "there is no such webhook; they are sms-status, call-status, voice, "
                           "gather and sms");
    }
    out->provider = hook_provider(call->site, call->match.provider);
    if (out->provider == NULL) {
        return problem_set(problem, E_NOT_FOUND, NULL,
                           "this provider is not configured (CALL_PROVIDER, SMS_PROVIDER)");
    }
    if (!str_is_set(call->site->provider_settings.public_url) ||
        call->site->provider_settings.public_url.len == 0) {
        return problem_set(problem, E_NOT_FOUND, NULL,
                           "there are no webhooks without TOCSIN_PUBLIC_URL: signatures are made "
                           "over it");
    }
    return OK;
}

enum err hook_read(struct api_call *call, struct hook_log *log, struct problem *problem)
{
    const struct http_request *request = &call->request;
    const struct provider_settings *settings = &call->site->provider_settings;
    struct hook_visit *visit = ARENA_NEW(call->arena, struct hook_visit);
    call->input = visit;
    call->output = ARENA_NEW(call->arena, struct hook_reply);
    TRY(find_place(call, visit, problem));
    if (request->method == HTTP_HEAD) {
        return OK;
    }
    if (request->body.len > HOOK_BODY_BYTES_MAX) {
        return problem_set(problem, E_TOO_LARGE, NULL, "the body is over 256 KiB");
    }
    struct hook_call heard = {
        .hook = visit->hook,
        .is_get = request->method == HTTP_GET,
        .url = signed_url(call),
        .query = request->query,
        .content_type = request->content_type,
        .body = request->body,
        .headers = request->extensions,
        .header_count = request->extension_count,
    };
    enum err err = visit->provider->check_hook(settings, &heard, call->arena);
    if (err == E_FORBIDDEN) {
        note_refusal(call, log, visit);
        return problem_set(problem, E_FORBIDDEN, NULL, "the signature does not fit");
    }
    TRY(err);
    call->work.actor = (struct actor){.name = STR("provider"), .scope = key_scope_ADMIN};
    return visit->provider->read_hook(settings, &heard, call->arena, &visit->news, problem);
}

enum err take_hook(struct op *op, const void *input, void *output)
{
    const struct hook_visit *visit = input;
    return take_news(op, visit->provider, &visit->news, message_source_CALLBACK, output);
}

void hook_answer(struct api_call *call, struct http_response *out)
{
    const struct hook_visit *visit = call->input;
    const struct hook_reply *reply = call->output;
    struct http_response made = {.status = 200, .content_type = STR("text/plain")};
    if (call->request.method == HTTP_HEAD) {
        /* Exotel looks so whether somebody is there. */
    } else if (reply->has_page) {
        struct voice_page page = reply->page;
        page.hook = visit->hook;
        visit->provider->write_voice(&call->site->provider_settings, &page, call->arena, &made);
    } else {
        visit->provider->write_answer(visit->hook, reply->text, call->arena, &made);
    }
    out->status = made.status;
    out->content_type = made.content_type;
    out->body = made.body;
    out->headers = made.headers;
    out->header_count = made.header_count;
}
