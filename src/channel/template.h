/* channel/template: "Hello {{name}}" and what stands in for the placeholders.
 *
 * Pure. Placeholders are those of channel/texts.def; white space inside the braces is allowed,
 * single braces are ordinary text. A line that has a placeholder without a value is left out whole,
 * so that "Join: {{joinUrl}}" vanishes where there is nothing to join. Values are put in as they
 * are, or escaped for HTML; they are never read as templates themselves. */
#ifndef TOCSIN_CHANNEL_TEMPLATE_H
#define TOCSIN_CHANNEL_TEMPLATE_H

#include "base/buf.h"

enum placeholder {
#define TEXT_KEY(name, parts, keys, asks, doc)
#define TEXT(language, key, part, text)
#define WORD(language, name, text)
#define PLACEHOLDER(name, text, doc) PLACEHOLDER_##name,
#include "channel/texts.def"
#undef TEXT_KEY
#undef TEXT
#undef WORD
#undef PLACEHOLDER
    PLACEHOLDER_COUNT
};

struct template_values {
    struct str value[PLACEHOLDER_COUNT]; /* STR_NONE for what has no value. */
};

/* E_INVALID names in `problem` the placeholder that does not exist, or says that one is not closed.
 */
NODISCARD enum err template_check(struct str template, struct problem *problem);
/* The template was checked; what is wrong in it all the same comes out as nothing. */
void template_fill(struct buf *out, struct str template, const struct template_values *values,
                   bool as_html);
void template_add_escaped(struct buf *out, struct str text);
/* Its name between the braces, and what it stands for; for documents. */
const char *placeholder_name(enum placeholder placeholder);
const char *placeholder_doc(enum placeholder placeholder);

#endif
