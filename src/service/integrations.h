/* service/integrations: sources of alerts, each with a key of its own (requirement I4).
 *
 * The key stands in the URL that the source posts to and is its only credential; we keep its hash
 * and show it once, when it is made. Rotating makes a new one, the old one is refused from then on.
 * What is removed keeps its row, because incidents name it. */
#ifndef TOCSIN_SERVICE_INTEGRATIONS_H
#define TOCSIN_SERVICE_INTEGRATIONS_H

#include "service/incidents.h"

NODISCARD enum err create_integration(struct op *op, const void *input, void *output);
NODISCARD enum err list_integrations(struct op *op, const void *input, void *output);
NODISCARD enum err get_integration(struct op *op, const void *input, void *output);
NODISCARD enum err change_integration(struct op *op, const void *input, void *output);
NODISCARD enum err delete_integration(struct op *op, const void *input, void *output);
NODISCARD enum err rotate_integration(struct op *op, const void *input, void *output);

/* By the key that it shows: E_NOT_FOUND. Any thread. */
NODISCARD enum err find_integration(struct op *op, struct str key, struct integration *out);
/* For an integration that was just read: its mapping out of the text that the row has. */
NODISCARD enum err integration_open(struct op *op, struct integration *integration);
/* Whom and by which policy a source reports: E_INVALID names userId or policy. */
NODISCARD enum err check_reporting(struct op *op, struct id user, struct str policy);
/* As report_incident; an alert is not lost because its source names a person or a policy that has
 * gone since: it is reported without. */
NODISCARD enum err report_anyway(struct op *op, struct incident_report *report,
                                 struct incident *out, bool *joined);

/* The key that a source shows, of an integration or a heartbeat: a new one, of which the row keeps
 * `hash` and the answer shows the text this once; and the URL of a path in which a star stands for
 * it, without a host where no public URL is known. */
struct str make_source_key(const struct op *op, const char *prefix, struct str *hash);
struct str source_key_url(const struct op *op, const char *path, struct str key);

#endif
