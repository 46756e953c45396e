#include "app/plant_store.h"

/* Kubernetes sets REDIS_PORT to a URL where a service is called redis: it counts with REDIS_HOST
 * alone. */
static enum err take_parts(const struct config *config, struct redis_address *out,
                           struct problem *problem)
{
    int64_t port = 0;
    int64_t database = 0;
    if (str_to_int(config->redis_port, &port) != OK || port < 1 || port > 65535) {
        return problem_set(problem, E_INVALID, "REDIS_PORT",
                           "REDIS_PORT must be a number from 1 to 65535");
    }
    if (str_to_int(config->redis_db, &database) != OK || database < 0 ||
        database > REDIS_DATABASE_MAX) {
        return problem_set(problem, E_INVALID, "REDIS_DB",
                           "REDIS_DB must be the number of a database, 0 for the first");
    }
    if (str_contains(config->redis_host, STR("/")) || str_contains(config->redis_host, STR("@"))) {
        return problem_set(problem, E_INVALID, "REDIS_HOST",
                           "REDIS_HOST must be a name or an address; a URL goes into REDIS_URL");
    }
    *out = (struct redis_address){
        .host = config->redis_host,
        .port = (int)port,
        .password = config->redis_password.len > 0 ? config->redis_password : STR_NONE,
        .database = (int)database,
    };
    return OK;
}

enum err plant_redis(struct plant *plant, struct problem *problem)
{
    const struct config *config = &plant->config;
    bool has_url = config->redis_url.len > 0;
    bool has_host = config->redis_host.len > 0;
    struct problem why = {0};
    if (has_url && has_host) {
        return problem_set(problem, E_INVALID, "REDIS_URL",
                           "set REDIS_URL or REDIS_HOST, not both");
    }
    if (!has_url && !has_host) {
        return OK;
    }
    if (has_host) {
        TRY(take_parts(config, &plant->redis, problem));
    } else if (redis_url_parse(config->arena, config->redis_url, &plant->redis, &why) != OK) {
        return problem_set(problem, E_INVALID, "REDIS_URL", "REDIS_URL: %s", why.message);
    }
    plant->redis_name = redis_address_name(&plant->redis, config->arena);
    plant->has_redis = plant_has_server(config);
    return OK;
}
