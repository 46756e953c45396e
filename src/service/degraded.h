/* service/degraded: what a provider cannot do as things are set up (V10).
 *
 * Without a public URL nobody can call us: states are polled, texts are fetched, keys cannot be
 * heard. Constant sentences, for the log at start and for GET /providers. */
#ifndef TOCSIN_SERVICE_DEGRADED_H
#define TOCSIN_SERVICE_DEGRADED_H

#include "service/site.h"

enum { DEGRADED_MAX = 8 };

/* `channels` are the bits of those that the provider is used for. */
size_t provider_degraded(const struct site *site, const struct provider *provider,
                         unsigned channels, const char *out[static DEGRADED_MAX]);
/* The channels that a provider is used for, by lists and routes. */
unsigned provider_channels(const struct site *site, const struct provider *provider);

#endif
