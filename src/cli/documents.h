/* cli/documents: the documents under docs/reference/, made from the tables that the code is made
 * of. Stable byte for byte. */
#ifndef TOCSIN_CLI_DOCUMENTS_H
#define TOCSIN_CLI_DOCUMENTS_H

#include "base/buf.h"

void document_api(struct buf *out);
void document_config(struct buf *out);
void document_states(struct buf *out);
void document_errors(struct buf *out);
void document_cli(struct buf *out);
void document_man(struct buf *out);        /* tocsin.1 */
void document_completion(struct buf *out); /* for bash */
void document_zsh(struct buf *out);        /* for zsh */
void document_metrics(struct buf *out);

#endif
