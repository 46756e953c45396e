/* service/mock_port: the mock network as the courier and the executor see it: requests in, answers
 * and events out as work.
 *
 * Belongs to the executor's thread. Answers that come later (a timeout) and events of the network
 * are due instants, so that a virtual clock runs them each at its own. */
#ifndef TOCSIN_SERVICE_MOCK_PORT_H
#define TOCSIN_SERVICE_MOCK_PORT_H

#include "channel/mock_network.h"
#include "service/courier.h"

struct mock_port;

struct mock_port *mock_port_new(const struct site *site, void *context,
                                void (*journal)(void *context, struct str line));
void mock_port_free(struct mock_port **port);
struct mock_network *mock_port_network(struct mock_port *port);

/* Takes a request of the courier's; the answer becomes work, now or later. */
void mock_port_submit(struct mock_port *port, struct courier *courier, uint64_t ticket,
                      const struct wire_request *request);
/* Work that is due by `now`, as a chain; NULL for none. */
struct work *mock_port_due(struct mock_port *port, struct instant now);
bool mock_port_next(const struct mock_port *port, struct instant *at);
/* For struct site. input->after_seconds is below 0 for the default. */
NODISCARD enum err mock_port_script(void *port, const struct mock_answer_input *input,
                                    struct problem *problem);

#endif
