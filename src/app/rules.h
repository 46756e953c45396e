/* app/rules: the stages before a meeting, from a JSON file (requirement A4), or the built-in ones.
 *
 * {"stages":[{"stage":1,"alertType":"MEETING_UPCOMING_EMAIL","minutesBefore":15,
 *             "validUntilMinutesBefore":10,"channel":"EMAIL"}, …],
 *  "retries":[{"category":"unreachable","sends":1,"calls":0,"receipts":2,"firstSeconds":30}, …]}
 * channel is EMAIL, MESSAGE or CALL. "texts" puts texts in place of ours: [{"key":
 * "MEETING_URGENT_MESSAGE", "language": "es", "sms": "…{{title}}…"}, …] (docs/texts.md). A file
 * that is not sound changes nothing: E_INVALID names the member. */
#ifndef TOCSIN_APP_RULES_H
#define TOCSIN_APP_RULES_H

#include "service/site.h"

void rules_free(struct rules *rules);
/* `path` may be NULL or empty for the built-in rules. */
NODISCARD enum err rules_load(const char *path, struct rules *out, struct problem *problem);

#endif
