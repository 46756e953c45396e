/* channel/xml_text: text as it may stand in an XML document.
 *
 * Escapes & < > " and ', so that the same is fit for elements and for attributes in either kind of
 * quotes. Leaves out what XML 1.0 cannot carry: control characters but tab, CR and LF, U+FFFE,
 * U+FFFF, and bytes that are not UTF-8. In attributes tab, CR and LF are written as references,
 * which a parser would otherwise turn into spaces. Source: XML 1.0 2.2, 2.4, 3.3.3. */
#ifndef TOCSIN_CHANNEL_XML_TEXT_H
#define TOCSIN_CHANNEL_XML_TEXT_H

#include "base/buf.h"

void xml_add_text(struct buf *out, struct str text);
/* ` name="value"`, with a space before it. An absent value adds nothing. */
void xml_add_attribute(struct buf *out, const char *name, struct str value);

#endif
