#include "store/postgres.h"

#include "base/buf.h"

#include <libpq-fe.h>
#include <string.h>

enum err postgres_url_check(const char *url, struct problem *problem)
{
    char *message = NULL;
    PQconninfoOption *options = PQconninfoParse(url, &message);
    enum err err = OK;
    if (options == NULL) {
        /* Some of their words repeat the whole URL, with its password. */
        struct str text = str_trim(str_from(message));
        bool tells = !str_is_set(text) || str_contains(text, STR("://"));
        err = problem_set(problem, E_INVALID, "DATABASE_URL",
                          "it must be postgresql://USER:PASSWORD@HOST:PORT/DATABASE?NAME=VALUE, "
                          "where @ is %%40 and / is %%2F in a password%s%.*s",
                          tells ? "" : ": ", STR_FMT(tells ? STR("") : text));
    }
    PQconninfoFree(options);
    PQfreemem(message);
    return err;
}

static const char *option(const PQconninfoOption *options, const char *name)
{
    for (const PQconninfoOption *o = options; o != NULL && o->keyword != NULL; o++) {
        if (strcmp(o->keyword, name) == 0) {
            return o->val;
        }
    }
    return NULL;
}

struct str postgres_url_name(const char *url, struct arena *arena)
{
    struct buf text = {.arena = arena};
    PQconninfoOption *options = PQconninfoParse(url, NULL);
    const char *user = option(options, "user");
    const char *host = option(options, "host");
    const char *port = option(options, "port");
    const char *name = option(options, "dbname");
    buf_add_text(&text, "postgresql://");
    if (user != NULL) {
        buf_printf(&text, "%s@", user);
    }
    buf_add_text(&text, host == NULL ? "" : host);
    if (port != NULL) {
        buf_printf(&text, ":%s", port);
    }
    buf_printf(&text, "/%s", name == NULL ? "" : name);
    PQconninfoFree(options);
    return buf_str(&text);
}
