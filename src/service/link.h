/* service/link: one-tap links: a token that names a meeting, ends, and cannot be made by anybody
 * else (requirement A5).
 *
 * The token is base64url of meeting id, expiry in minutes, and 12 bytes of a keyed hash over both:
 * 32 characters. A link ends a day after its meeting. It answers for that meeting's person only.
 * Without TOCSIN_PUBLIC_URL there is no link. */
#ifndef TOCSIN_SERVICE_LINK_H
#define TOCSIN_SERVICE_LINK_H

#include "service/op.h"

/* STR_NONE where no public URL is known. */
struct str link_for_meeting(const struct op *op, const struct meeting *meeting);
/* For whom a step of a ladder reaches: names the step, and by it the incident and that person. It
 * ends with the incident. STR_NONE where no public URL is known. */
struct str link_for_step(const struct op *op, const struct step *step);
/* For a technician of a dispatch: names both. It ends a day after it was sent. */
struct str link_for_dispatch(const struct op *op, const struct dispatch_technician *technician);
/* What such a token is made of: an id and a number. Tokens of one purpose do not open for another.
 */
enum link_purpose { LINK_MEETING, LINK_UNSUBSCRIBE, LINK_STEP, LINK_DISPATCH };
struct link_facts {
    enum link_purpose purpose;
    struct id id;
    uint32_t number;
};
struct str link_token(const struct op *op, const struct link_facts *facts, struct arena *arena);
/* `out->purpose` is given. E_NOT_FOUND for a token that is not ours. */
NODISCARD enum err link_token_open(struct op *op, struct str token, struct link_facts *out);

/* A text of a message as whoever asks may see it: a key that may only read is not shown the tokens
 * of links, which act without a key. */
struct str link_shown_text(const struct op *op, struct str text);

/* E_NOT_FOUND for a token that is not ours, E_GONE for one that has ended, whose meeting is told
 * all the same. */
NODISCARD enum err link_open(struct op *op, struct str token, struct id *meeting);

#endif
