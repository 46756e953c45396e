/* channel/smtp_reply: what a mail server's refusal means: 421, 451 4.7.1, 550 5.1.1 and so on.
 *
 * Internal to the SMTP provider. Pure. The enhanced code (RFC 3463) decides before the reply code.
 * `code` of the verdict is both: "550 5.1.1". Source: protocols.md 4, RFC 5321 4.2.3. */
#ifndef TOCSIN_CHANNEL_SMTP_REPLY_H
#define TOCSIN_CHANNEL_SMTP_REPLY_H

#include "channel/provider.h"

/* `answer->status` is from 400 to 599. */
void smtp_reply_judge(const struct wire_answer *answer, struct arena *arena, struct verdict *out);

#endif
