/* service/campaigns: scheduled calls that belong together (S10): their progress, their pace, and
 * an end to all of them.
 *
 * What a campaign says is in force with the commit that says it: whoever begins a call reads its
 * row first, so that nothing leaves after a pause or a cancellation. The calls of a cancelled one
 * are cancelled afterwards, a portion at a time, by a timer of kind CAMPAIGN. How many calls are in
 * each state is counted as they change (service/call_counts). */
#ifndef TOCSIN_SERVICE_CAMPAIGNS_H
#define TOCSIN_SERVICE_CAMPAIGNS_H

#include "service/op.h"
#include "store/campaigns.h"

/* A campaign that calls may join: E_NOT_FOUND, E_FORBIDDEN, E_CONFLICT for one that was cancelled.
 */
NODISCARD enum err campaign_for_calls(struct op *op, struct id id, struct campaign *out);
/* Checks what is to become one and fills in whose it is, without writing. */
NODISCARD enum err campaign_check_new(struct op *op, struct campaign *campaign);
/* Writes one that was checked. */
NODISCARD enum err campaign_add(struct op *op, struct campaign *campaign);
/* A call of it is due at this time, now: keeps the earliest and the latest. Nothing for no
 * campaign. */
NODISCARD enum err campaign_reach(struct op *op, struct id id, struct instant at);
/* Says when the last attempt that is known of begins; the campaign's progress is filled in. Of one
 * with many calls nothing is said where it is changed. */
NODISCARD enum err campaign_foresee(struct op *op, struct campaign *campaign);
/* Whether that takes long. */
bool campaign_is_long(const struct campaign *campaign);
/* Calls joined: keeps the span of their times. */
NODISCARD enum err campaign_extend(struct op *op, const struct campaign *campaign);

/* What the API asks for; see api/routes.def. */
NODISCARD enum err create_campaign(struct op *op, const void *input, void *output);
NODISCARD enum err list_campaigns(struct op *op, const void *input, void *output);
NODISCARD enum err get_campaign(struct op *op, const void *input, void *output);
NODISCARD enum err change_campaign(struct op *op, const void *input, void *output);
NODISCARD enum err pause_campaign(struct op *op, const void *input, void *output);
NODISCARD enum err resume_campaign(struct op *op, const void *input, void *output);
NODISCARD enum err cancel_campaign(struct op *op, const void *input, void *output);
NODISCARD enum err show_campaign_results(struct op *op, const void *input, void *output);

#endif
