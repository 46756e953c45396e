/* tests/lib/twilio_case: an account at Twilio and a message for it, as the tests of what we ask
 * there begin with them. The message was claimed and is sent at 2026-01-05T09:00:00Z, and
 * is worth nothing ten minutes later. */
#ifndef TOCSIN_TESTS_LIB_TWILIO_CASE_H
#define TOCSIN_TESTS_LIB_TWILIO_CASE_H

#include "channel/provider.h"

#define TWILIO_CASE_ACCOUNT "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define TWILIO_CASE_API "https://api.twilio.com/2010-04-01/Accounts/" TWILIO_CASE_ACCOUNT
#define TWILIO_CASE_ATTEMPT "0193f3a0-0000-7000-8000-000000000001"
#define TWILIO_CASE_NINE_US INT64_C(1767603600000000)

struct provider_settings twilio_case_settings(void);
struct send_job twilio_case_job(enum channel channel);

#endif
