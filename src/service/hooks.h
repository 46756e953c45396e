/* service/hooks: what providers tell us, put to use: receipts, calls that were picked up, keys,
 * texts.
 *
 * One way in for callbacks and for what was asked for (V2, V3, V10). News is applied at most once,
 * whatever order it comes in. News about an unknown message is kept for ten minutes. */
#ifndef TOCSIN_SERVICE_HOOKS_H
#define TOCSIN_SERVICE_HOOKS_H

#include "service/op.h"

/* What the provider is to be answered. */
struct hook_reply {
    bool has_page;          /* PICKUP and KEY: the document to speak. */
    struct voice_page page; /* In the operation's arena. */
    struct str text;        /* TEXT: what is written back; STR_NONE for nothing. */
};

/* Whether a message could go by this provider: it stands in a list or a route. */
bool site_has_provider(const struct site *site, const struct provider *provider);
/* By name, where it is configured; NULL otherwise. */
const struct provider *hook_provider(const struct site *site, struct str name);

NODISCARD enum err take_news(struct op *op, const struct provider *provider,
                             const struct provider_news *news, enum message_source source,
                             struct hook_reply *out);

#endif
