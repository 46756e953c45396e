/* app/server: the running server: the executor's thread, the HTTP thread, the two clients, and how
 * they hand over work.
 *
 * Start: store, migrations, recovery, engine, HTTP, ready. Stop: no new work, in-flight requests
 * answered, in-flight sends
 * finished or left recoverable, all within 10 s (requirement O5). */
#ifndef TOCSIN_APP_SERVER_H
#define TOCSIN_APP_SERVER_H

#include "app/notify.h"
#include "app/wire.h"

struct server;

struct server_options {
    bool is_virtual;
    struct instant start_at; /* Of the virtual clock. */
    /* Told of reloads, and that the executor and the HTTP thread turn; borrowed. NULL for nobody.
     */
    const struct notifier *notifier;
};

/* `plant` is open for writing and outlives the server. */
NODISCARD enum err server_start(struct plant *plant, const struct server_options *options,
                                struct server **out, struct problem *problem);
uint16_t server_port(const struct server *server);
/* Where HTTPS is spoken; 0 where it is not. */
uint16_t server_tls_port(const struct server *server);
/* The admin key that this start made; absent where there was one. */
struct str server_new_key(const struct server *server);
/* SIGHUP: reads the rules file again. */
void server_reload(struct server *server);
void server_stop(struct server **stopping);

#endif
