/* service/providers: which provider carries what, how each of them has been, and who is told.
 *
 * A channel has an ordered list of providers (K8), which a route by country prefix may replace
 * (V6). A breaker per provider opens after failures in a row that are the provider's own, lets one
 * message try after a while, and closes when that is taken; its state is a row, so that a restart
 * neither forgets an outage nor tells the operator twice (V7). Called inside operations. */
#ifndef TOCSIN_SERVICE_PROVIDERS_H
#define TOCSIN_SERVICE_PROVIDERS_H

#include "service/op.h"

/* The one that a new message goes to: the first of its list whose breaker lets it through, else the
 * first of the list. Never NULL for a channel that leaves the process. */
NODISCARD enum err provider_first(struct op *op, enum channel channel, struct str recipient,
                                  const struct provider **out);
/* Where a step's message goes after `failed`: the next of the list that has carried no attempt of
 * this step and whose breaker lets it through. NULL for none. */
NODISCARD enum err provider_next(struct op *op, const struct message *failed,
                                 const struct provider **out);
/* Counts what a provider's answer to a send says about the provider (not about the recipient), and
 * tells the operator when that changes something. */
NODISCARD enum err provider_note(struct op *op, const struct message *message,
                                 const struct verdict *verdict);
/* Whether this provider is given anything now: false while its breaker is open. */
NODISCARD enum err provider_lets_through(struct op *op, const struct provider *provider, bool *out);

/* The courier's question before a message leaves: *wait_until is unset where it may. Where the
 * breaker lets one message try, this is the one. */
NODISCARD enum err provider_try(struct op *op, const struct provider *provider,
                                struct instant *wait_until);
/* When an open breaker lets one message try; unset for one that lets all through. */
NODISCARD enum err provider_retry_at(struct op *op, const struct provider *provider,
                                     struct instant *out);
/* By its name: in a rehearsal, whoever plays it there. NULL for none. */
const struct provider *site_provider(const struct site *site, struct str name);
/* Whether what it says comes from the mock network. */
bool provider_is_played(const struct site *site, struct str name);
/* Which providers a number of a channel has, in their order. */
struct provider_list provider_list_for(const struct site *site, enum channel channel,
                                       struct str recipient);
/* What an operator has set for this provider and channel: thousandths a second, 0 for no limit. */
int64_t provider_rate(const struct site *site, const struct provider *provider,
                      enum channel channel);
/* The code of a verdict that this process made: the provider was never asked. */
#define VERDICT_CODE_NOT_BUILT STR("not_built")

NODISCARD enum err list_providers(struct op *op, const void *input, void *output);
NODISCARD enum err list_failures(struct op *op, const void *input, void *output);

#endif
