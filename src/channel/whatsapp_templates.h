/* channel/whatsapp_templates: which approved template of WhatsApp stands for which text.
 *
 * WHATSAPP_TEMPLATES is "KEY[/language]=ID" with semicolons between: "MISSED_MESSAGE=HX…;
 * MISSED_MESSAGE/es=HX…". A row with the reader's language goes before one without. Outside the 24
 * hours after a person's last message WhatsApp takes approved templates only; without a row, plain
 * text is sent. Pure. Source: protocols.md 1.8. */
#ifndef TOCSIN_CHANNEL_WHATSAPP_TEMPLATES_H
#define TOCSIN_CHANNEL_WHATSAPP_TEMPLATES_H

#include "channel/render.h"

/* E_INVALID names WHATSAPP_TEMPLATES. */
NODISCARD enum err whatsapp_templates_check(struct str setting, struct problem *problem);
/* Borrowed from the setting; STR_NONE where there is none. */
struct str whatsapp_template_find(struct str setting, enum text_key key, struct str language);

#endif
