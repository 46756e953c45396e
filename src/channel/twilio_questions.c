#include "channel/form.h"
#include "channel/twilio.h"

/* So many texts, each as long as one can be, stay within what is read of an answer. */
enum { INBOX_PAGE_SIZE = 500 };

static struct str with_query(struct str url, struct buf *query)
{
    return arena_printf(query->arena, "%.*s?%.*s", STR_FMT(url), (int)query->len, query->ptr);
}

static struct str sender_of(const struct provider_settings *settings, const struct send_job *job)
{
    if (job->from.len > 0) {
        return job->from;
    }
    switch (job->channel) {
    case channel_CALL:
        return settings->twilio.from_number;
    case channel_WHATSAPP:
        return settings->twilio.whatsapp_from;
    case channel_SMS:
        /* A service chooses among its numbers. */
        return settings->twilio.messaging_service_sid.len > 0 ? STR_NONE
                                                              : settings->twilio.from_number;
    case channel_NONE:
    case channel_IN_APP:
    case channel_EMAIL:
    case channel_WEBHOOK:
    case channel_COUNT:
        break;
    }
    return STR_NONE;
}

/* The newest to that number. Their filters by time (StartTime, DateSent) look at when something was
 * dialled or sent, which is empty for what still waits in their queue: it would be taken for lost
 * and sent twice. So the time is compared when the answer is read, by date_created. */
enum err twilio_build_find(const struct provider_settings *settings, const struct send_job *job,
                           struct arena *arena, struct wire_request *out)
{
    bool is_call = job->channel == channel_CALL;
    const char *prefix = job->channel == channel_WHATSAPP ? "whatsapp:" : "";
    if ((provider_twilio.channels & 1u << job->channel) == 0 || job->to.len == 0) {
        return E_NOT_FOUND;
    }
    struct buf query = {.arena = arena};
    form_add(&query, "To", arena_printf(arena, "%s%.*s", prefix, STR_FMT(job->to)));
    struct str from = sender_of(settings, job);
    if (from.len > 0) {
        form_add(&query, "From", arena_printf(arena, "%s%.*s", prefix, STR_FMT(from)));
    }
    form_add_int(&query, "PageSize", TWILIO_PAGE_SIZE);
    struct str url = twilio_url(settings, is_call ? "Calls" : "Messages", STR_NONE, arena);
    twilio_get(settings, with_query(url, &query), out);
    return OK;
}

/* "completed" ends a call in every state, queued and ringing ones too. "canceled" would be refused
 * once the phone was picked up, be it a moment before the request arrives, and the person would
 * hear all of a message that has become needless. */
enum err twilio_build_cancel(const struct provider_settings *settings, struct str provider_id,
                             struct arena *arena, struct wire_request *out)
{
    if (!str_starts(provider_id, STR("CA"))) {
        return E_NOT_FOUND; /* A message that was taken cannot be called back. */
    }
    struct str url = twilio_url(settings, "Calls", provider_id, arena);
    twilio_post(settings, url, STR("Status=completed"), out);
    return OK;
}

enum err twilio_build_poll(const struct provider_settings *settings, enum channel channel,
                           struct str provider_id, struct arena *arena, struct wire_request *out)
{
    if ((provider_twilio.channels & 1u << channel) == 0 || provider_id.len == 0) {
        return E_NOT_FOUND;
    }
    const char *collection = channel == channel_CALL ? "Calls" : "Messages";
    twilio_get(settings, twilio_url(settings, collection, provider_id, arena), out);
    return OK;
}

/* Newest first. Where all answers come to one number, only those are asked for; a service
 * or WhatsApp has more, and what we sent ourselves comes along. */
enum err twilio_build_inbox(const struct provider_settings *settings, struct instant since,
                            struct arena *arena, struct wire_request *out)
{
    struct buf query = {.arena = arena};
    char text[INSTANT_TEXT_MAX];
    struct instant second = {since.us - (since.us % SECONDS(1).us)};
    bool is_one_number = settings->twilio.messaging_service_sid.len == 0 &&
                         settings->twilio.whatsapp_from.len == 0 &&
                         settings->twilio.from_number.len > 0;
    if (is_one_number) {
        form_add(&query, "To", settings->twilio.from_number);
    }
    if (instant_is_set(second)) {
        form_add(&query, "DateSent>", instant_format(second, text));
    }
    form_add_int(&query, "PageSize", INBOX_PAGE_SIZE);
    struct str url = twilio_url(settings, "Messages", STR_NONE, arena);
    twilio_get(settings, with_query(url, &query), out);
    return OK;
}

static bool is_plain_query(struct str query)
{
    for (size_t i = 0; i < query.len; i++) {
        if (query.ptr[i] <= ' ' || query.ptr[i] >= 0x7F || query.ptr[i] == '#') {
            return false;
        }
    }
    return true;
}

/* Of what the answer names only the query is used, and only where it is about the same list: the
 * credentials go nowhere but to the address of the settings. */
enum err twilio_build_inbox_more(const struct provider_settings *settings,
                                 const struct wire_answer *answer, struct arena *arena,
                                 struct wire_request *out)
{
    bool is_page = answer->outcome == WIRE_ANSWERED && answer->status == 200;
    struct str uri = json_tree_text(is_page ? twilio_body(answer, arena) : NULL, "next_page_uri");
    struct str list = arena_printf(arena, "/2010-04-01/Accounts/%.*s/Messages.json?",
                                   STR_FMT(settings->twilio.account_sid));
    if (uri.len == 0) {
        return E_NOT_FOUND;
    }
    struct str query = str_slice(uri, list.len, uri.len);
    if (!str_starts(uri, list) || !is_plain_query(query)) {
        return E_INVALID;
    }
    struct str url = twilio_url(settings, "Messages", STR_NONE, arena);
    twilio_get(settings, arena_printf(arena, "%.*s?%.*s", STR_FMT(url), STR_FMT(query)), out);
    return OK;
}
