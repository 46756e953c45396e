#include "lib/twilio_case.h"

struct provider_settings twilio_case_settings(void)
{
    return (struct provider_settings){.timeout = SECONDS(45),
                                      .public_url = STR("https://t.example"),
                                      .hook_key = STR("key"),
                                      .twilio = {.account_sid = STR(TWILIO_CASE_ACCOUNT),
                                                 .auth_token = STR("tok"),
                                                 .from_number = STR("+15017122661"),
                                                 .whatsapp_from = STR("+15017122662")}};
}

struct send_job twilio_case_job(enum channel channel)
{
    return (struct send_job){.channel = channel,
                             .attempt = STR(TWILIO_CASE_ATTEMPT),
                             .to = STR("+15558675310"),
                             .text = STR("db down & out"),
                             .language = STR("en"),
                             .now = {TWILIO_CASE_NINE_US},
                             .claimed_at = {TWILIO_CASE_NINE_US},
                             .made_since = {TWILIO_CASE_NINE_US - SECONDS(30).us},
                             .valid_until = {TWILIO_CASE_NINE_US + MINUTES(10).us}};
}
