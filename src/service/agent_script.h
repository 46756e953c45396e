/* service/agent_script: text with placeholders, {{name}} or {{name|text}}, and what fills them.
 *
 * Pure but for the arena. A name is 1 to 64 letters, digits, '_', '-' and '.': a member of the
 * call's metadata, letter for letter. What fills one is a text, a number or a truth; it is put in
 * as plain text, on one line, and never read for placeholders itself, so that nothing can be
 * injected: whoever makes a document of the result escapes it there. */
#ifndef TOCSIN_SERVICE_AGENT_SCRIPT_H
#define TOCSIN_SERVICE_AGENT_SCRIPT_H

#include "base/buf.h"
#include "model/json_tree.h"

struct script_part {
    struct str literal; /* Or, where it is absent: */
    struct str name;
    struct str fallback; /* Absent where there is none; it may be empty. */
};

/* The next part; false at the end. Text that script_check refuses is literal as it stands. */
bool script_next(struct str *rest, struct script_part *out);
/* E_INVALID: a placeholder that is not closed, or has a name that none may have. */
NODISCARD enum err script_check(struct str text, const char *field, struct problem *problem);
/* Whether metadata (NULL for none) has something that can be said for the name; `*out` is that. */
bool script_value(const struct json_node *metadata, struct str name, struct str *out);
/* The same where that can be seen in the text of the metadata, an object as F_JSON keeps it: false
 * says to read it. */
bool script_value_is_plain(struct str metadata, struct str name);
/* A placeholder that nothing fills says nothing. */
void script_fill(struct buf *out, struct str text, const struct json_node *metadata);

#endif
