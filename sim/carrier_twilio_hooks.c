#include "sim/carrier_twilio.h"

/* What Twilio calls us for: protocols.md 1.4, 1.5, 1.9, 1.10. */

static void add_places(struct fields *out)
{
    static const char *const names[] = {"CalledCity", "CalledState", "CalledZip", "CalledCountry",
                                        "CallerCity", "CallerState", "CallerZip", "CallerCountry",
                                        "FromCity",   "FromState",   "FromZip",   "FromCountry",
                                        "ToCity",     "ToState",     "ToZip",     "ToCountry"};
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        bool is_country = i % 4 == 3;
        fields_add(out, names[i], is_country ? STR("US") : STR(""));
    }
}

static void add_parties(const struct carrier *carrier, const struct item *item, struct fields *out)
{
    fields_add(out, "AccountSid", carrier->brands[CARRIER_TWILIO].account.account);
    fields_add(out, "ApiVersion", STR("2010-04-01"));
    fields_add(out, "To", twilio_address(out->arena, item, item->to));
    fields_add(out, "From", twilio_address(out->arena, item, item->from));
}

static void add_call_facts(const struct carrier *carrier, const struct item *item,
                           struct fields *out)
{
    fields_add(out, "CallSid", item->id);
    fields_add(out, "CallStatus", str_from(twilio_word(item)));
    add_parties(carrier, item, out);
    fields_add(out, "Called", item->to);
    fields_add(out, "Caller", item->from);
    fields_add(out, "Direction", STR("outbound-api"));
    add_places(out);
}

static struct instant time_of(const struct item *item)
{
    return instant_is_set(item->ended_at)       ? item->ended_at
           : instant_is_set(item->picked_up_at) ? item->picked_up_at
                                                : item->created_at;
}

static struct str tell_call(const struct carrier *carrier, const struct item *item,
                            struct fields *out)
{
    add_call_facts(carrier, item, out);
    fields_add(out, "CallbackSource", STR("call-progress-events"));
    fields_add_int(out, "SequenceNumber", item->sequence);
    fields_add(out, "Timestamp", rfc2822_text(out->arena, time_of(item)));
    if (item_is_over(item)) {
        int64_t seconds = instant_is_set(item->picked_up_at)
                              ? duration_seconds(instant_since(item->ended_at, item->picked_up_at))
                              : 0;
        fields_add_int(out, "CallDuration", seconds);
        fields_add_int(out, "Duration", (seconds + 59) / 60);
        fields_add(out, "SipResponseCode",
                   item->state == ITEM_BUSY       ? STR("486")
                   : item->state == ITEM_FAILED   ? STR("404")
                   : item->state == ITEM_CANCELED ? STR("487")
                                                  : STR("200"));
    }
    return item->urls[URL_STATUS];
}

struct str twilio_tell_state(const struct carrier *carrier, const struct item *item,
                             struct fields *out)
{
    if ((item->told_states >> item->state & 1) == 0) {
        return STR_NONE;
    }
    if (item->channel == channel_CALL) {
        return tell_call(carrier, item, out);
    }
    fields_add(out, "MessageSid", item->id);
    fields_add(out, "SmsSid", item->id);
    fields_add(out, "MessageStatus", str_from(twilio_word(item)));
    fields_add(out, "SmsStatus", str_from(twilio_word(item)));
    add_parties(carrier, item, out);
    if (item->state == ITEM_UNDELIVERED || item->state == ITEM_FAILED) {
        fields_add(out, "ErrorCode", item->code);
    }
    if (item->channel == channel_WHATSAPP) {
        fields_add(out, "ChannelPrefix", STR("whatsapp"));
        fields_add(out, "EventType", str_from(twilio_word(item)));
    }
    return item->urls[URL_STATUS];
}

void twilio_tell_page(const struct carrier *carrier, const struct item *item, struct str keys,
                      struct fields *out)
{
    add_call_facts(carrier, item, out);
    bool was_waited_for = item->asks_machine && !str_is_set(item->urls[URL_MACHINE]);
    if (was_waited_for) {
        bool is_machine = item->handset.action == HANDSET_VOICEMAIL;
        fields_add(out, "AnsweredBy", is_machine ? STR("machine_end_beep") : STR("human"));
    }
    if (str_is_set(keys)) {
        fields_add(out, "Digits", keys);
        fields_add(out, "FinishedOnKey", STR(""));
        fields_add(out, "msg", STR("Gather End"));
    }
}

void twilio_tell_machine(const struct carrier *carrier, const struct item *item, struct fields *out)
{
    bool is_machine = item->handset.action == HANDSET_VOICEMAIL;
    fields_add(out, "CallSid", item->id);
    fields_add(out, "AccountSid", carrier->brands[CARRIER_TWILIO].account.account);
    fields_add(out, "AnsweredBy", is_machine ? STR("machine_start") : STR("human"));
    fields_add(out, "MachineDetectionDuration", STR("2840"));
}

void twilio_tell_text(const struct carrier *carrier, const struct item *text, struct fields *out)
{
    fields_add(out, "ToCountry", STR("US"));
    fields_add(out, "ToState", STR(""));
    fields_add(out, "SmsMessageSid", text->id);
    fields_add(out, "NumMedia", STR("0"));
    fields_add(out, "SmsSid", text->id);
    fields_add(out, "SmsStatus", STR("received"));
    fields_add(out, "Body", text->text);
    fields_add(out, "To", twilio_address(out->arena, text, text->from));
    fields_add(out, "NumSegments", STR("1"));
    fields_add(out, "MessageSid", text->id);
    fields_add(out, "AccountSid", carrier->brands[CARRIER_TWILIO].account.account);
    fields_add(out, "From", twilio_address(out->arena, text, text->to));
    fields_add(out, "ApiVersion", STR("2010-04-01"));
    if (str_is_set(text->code)) {
        fields_add(out, "OptOutType", text->code);
    }
    if (text->channel == channel_WHATSAPP) {
        fields_add(out, "ProfileName", STR("Somebody"));
        fields_add(out, "WaId", str_slice(text->to, 1, text->to.len));
    }
}

void twilio_sign(struct carrier *carrier, struct hook *hook, const struct fields *fields,
                 struct str token)
{
    hook->call.headers[hook->call.header_count++] = (struct http_header){
        STR("x-twilio-signature"), sign_twilio(carrier->arena, token, hook->call.url, fields)};
}
