#include "app/wire.h"

#include "app/call_settings.h"
#include "app/plant_keys.h"
#include "app/plant_providers.h"
#include "app/plant_watch.h"
#include "app/policy_files.h"
#include "app/process.h"
#include "app/rules.h"
#include "channel/whatsapp_templates.h"
#include "net/proxies.h"
#include "store/migrate.h"
#include "store/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct instant plant_now(void *context)
{
    struct plant *plant = context;
    int64_t virtual_us = atomic_load(&plant->virtual_us);
    if (virtual_us != 0) {
        return (struct instant){virtual_us};
    }
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (struct instant){(int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000};
}

enum err parse_listen(struct arena *arena, struct str text, struct str *address, uint16_t *port,
                      struct problem *problem)
{
    size_t colon = text.len;
    while (colon > 0 && text.ptr[colon - 1] != ':') {
        colon--;
    }
    int64_t number = 0;
    struct str host = colon == 0 ? STR_NONE : str_slice(text, 0, colon - 1);
    if (host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']') {
        host = str_slice(host, 1, host.len - 1);
    }
    if (host.len == 0 || str_to_int(str_slice(text, colon, text.len), &number) != OK ||
        number < 0 || number > 65535) {
        return problem_set(problem, E_INVALID, "TOCSIN_LISTEN",
                           "TOCSIN_LISTEN must be ADDRESS:PORT, such as 127.0.0.1:8080");
    }
    *address = arena_str(arena, host);
    *port = (uint16_t)number;
    return OK;
}

static struct str set_or_none(struct str text)
{
    return text.len == 0 ? STR_NONE : text;
}

static enum err check_tls(const struct config *config, struct problem *problem)
{
    struct str address = STR_NONE;
    struct problem why = {0};
    struct proxies proxies;
    uint16_t port = 0;
    bool has_files = config->tls_cert.len > 0 && config->tls_key.len > 0;
    bool has_file = config->tls_cert.len > 0 || config->tls_key.len > 0;
    if (proxies_parse(config->trusted_proxies, &proxies, &why) != OK) {
        return problem_set(problem, E_INVALID, "TOCSIN_TRUSTED_PROXIES",
                           "TOCSIN_TRUSTED_PROXIES %s", why.message);
    }
    if (config->tls_listen.len == 0) {
        return has_file ? problem_set(problem, E_INVALID, "TOCSIN_TLS_LISTEN",
                                      "TOCSIN_TLS_CERT and TOCSIN_TLS_KEY want TOCSIN_TLS_LISTEN, "
                                      "such as 0.0.0.0:8443")
                        : OK;
    }
    if (!has_files) {
        return problem_set(problem, E_INVALID, "TOCSIN_TLS_CERT",
                           "TOCSIN_TLS_LISTEN wants TOCSIN_TLS_CERT and TOCSIN_TLS_KEY");
    }
    return parse_listen(config->arena, config->tls_listen, &address, &port, &why) == OK
               ? OK
               : problem_set(problem, E_INVALID, "TOCSIN_TLS_LISTEN",
                             "TOCSIN_TLS_LISTEN must be ADDRESS:PORT, such as 0.0.0.0:8443");
}

static void copy_settings(struct plant *plant)
{
    const struct config *config = &plant->config;
    struct site *site = &plant->site;
    site->features =
        (struct features){config->feature_scheduler, config->feature_email, config->feature_sms,
                          config->feature_whatsapp, config->feature_call};
    site->grace = MINUTES(config->grace_minutes);
    site->retry_attempts = (int)config->retry_attempts;
    site->retry_first = MILLISECONDS(config->retry_delay_ms);
    site->lateness_limit = MINUTES(config->lateness_limit);
    site->finished_keep = HOURS(config->finished_keep_hours);
    site->finished_keep_count = config->finished_keep_count;
    site->failed_keep = HOURS(24 * config->failed_keep_days);
    site->calendar_interval = SECONDS(config->calendar_interval);
    site->notification_days = config->notification_days;
    site->default_timezone = config->default_timezone;
    site->business_start = config->business_start;
    site->business_end = config->business_end;
    site->operator_email = set_or_none(config->operator_email);
    site->health = (struct health_limits){.overdue_seconds = config->health_overdue,
                                          .failures = config->health_failures,
                                          .undelivered = config->health_undelivered,
                                          .callbacks = config->health_callbacks,
                                          .breakers = config->health_breakers,
                                          .exhausted = config->health_exhausted,
                                          .pending = config->health_pending,
                                          .sinks = config->health_sinks,
                                          .calendars = config->health_calendars,
                                          .redis_seconds = config->health_redis};
    site->version = STR(TOCSIN_VERSION);
    site->has_admin_key = config->admin_key.len > 0;
    if (site->has_admin_key) {
        sha256(config->admin_key, site->admin_key_hash);
    }
    site->log = &plant->log;
    site->stats = &plant->stats;
    site->clock = (struct clock_port){plant, plant_now};
    site->process = process_read;
}

static enum err check_keeping(const struct config *config, struct problem *problem)
{
    if (config->finished_keep_hours < 1 || config->finished_keep_hours > 87600) {
        return problem_set(problem, E_INVALID, "QUEUE_FINISHED_KEEP_HOURS",
                           "QUEUE_FINISHED_KEEP_HOURS must be between 1 and 87600");
    }
    if (config->finished_keep_count < 0 || config->finished_keep_count > 10000000) {
        return problem_set(problem, E_INVALID, "QUEUE_FINISHED_KEEP_COUNT",
                           "QUEUE_FINISHED_KEEP_COUNT must be between 0 and 10000000");
    }
    if (config->failed_keep_days < 1 || config->failed_keep_days > 3650) {
        return problem_set(problem, E_INVALID, "QUEUE_FAILED_KEEP_DAYS",
                           "QUEUE_FAILED_KEEP_DAYS must be between 1 and 3650");
    }
    return OK;
}

static enum err check_limits(const struct config *config, struct problem *problem)
{
    if (config->calendar_interval < 10 || config->calendar_interval > 86400) {
        return problem_set(problem, E_INVALID, "CALENDAR_SYNC_INTERVAL_SECONDS",
                           "CALENDAR_SYNC_INTERVAL_SECONDS must be between 10 and 86400");
    }
    if (config->lateness_limit < 0 || config->lateness_limit > 527040) {
        return problem_set(problem, E_INVALID, "CALL_LATENESS_LIMIT",
                           "CALL_LATENESS_LIMIT must be between 0 and 527040 minutes");
    }
    if (config->grace_minutes > 1440) {
        return problem_set(problem, E_INVALID, "GRACE_PERIOD_MINUTES",
                           "GRACE_PERIOD_MINUTES must be at most 1440");
    }
    if (config->notification_days < 1 || config->notification_days > 3650) {
        return problem_set(problem, E_INVALID, "NOTIFICATION_DAYS",
                           "NOTIFICATION_DAYS must be between 1 and 3650");
    }
    if (config->retry_attempts > 20) {
        return problem_set(problem, E_INVALID, "QUEUE_RETRY_ATTEMPTS",
                           "QUEUE_RETRY_ATTEMPTS must be at most 20");
    }
    if (config->retry_delay_ms < 1 || config->retry_delay_ms > 3600000) {
        return problem_set(problem, E_INVALID, "QUEUE_RETRY_BACKOFF_DELAY",
                           "QUEUE_RETRY_BACKOFF_DELAY must be between 1 and 3600000 milliseconds");
    }
    return check_keeping(config, problem);
}

/* "example.org", "example.org:8080", "[::1]:8080". A password would stand in every link that people
 * get. */
static bool is_public_host(struct str host)
{
    size_t close = str_find_byte(host, ']', 0);
    size_t colon = str_find_byte(host, ':', close < host.len ? close : 0);
    int64_t port = 1;
    bool has_port = colon < host.len;
    bool is_port = !has_port || str_to_int(str_slice(host, colon + 1, host.len), &port) == OK;
    return colon > 0 && is_port && port >= 1 && port <= 65535 && !str_contains(host, STR("@"));
}

/* What paths can be put behind: a query would swallow them, and no signature would ever fit. */
static bool is_base_url(struct str url)
{
    size_t scheme = str_starts(url, STR("https://"))  ? STR("https://").len
                    : str_starts(url, STR("http://")) ? STR("http://").len
                                                      : 0;
    size_t path = str_find_byte(url, '/', scheme);
    bool is_fit = scheme > 0 && is_public_host(str_slice(url, scheme, path));
    for (size_t i = 0; i < url.len; i++) {
        char c = url.ptr[i];
        is_fit = is_fit && c > ' ' && c < 0x7F && c != '?' && c != '#' && c != '"' && c != '<' &&
                 c != '>' && c != '\\';
    }
    return is_fit;
}

static enum err take_public_url(struct plant *plant, struct problem *problem)
{
    const struct config *config = &plant->config;
    struct str url = config->public_url;
    struct str alias = config->call_webhook_url;
    if (url.len > 0 && alias.len > 0 && !str_equal(url, alias)) {
        return problem_set(problem, E_INVALID, "CALL_WEBHOOK_URL",
                           "TOCSIN_PUBLIC_URL and CALL_WEBHOOK_URL are one setting, but name two "
                           "URLs");
    }
    url = url.len > 0 ? url : alias;
    if (url.len > 0 && !is_base_url(url)) {
        return problem_set(problem, E_INVALID, "TOCSIN_PUBLIC_URL",
                           "TOCSIN_PUBLIC_URL must start with http:// or https:// and a host, "
                           "perhaps a port, without a login, a query, a fragment or spaces");
    }
    while (url.len > 0 && url.ptr[url.len - 1] == '/') {
        url.len--;
    }
    plant->site.public_url = url;
    return OK;
}

static enum err take_followups(struct plant *plant, struct problem *problem)
{
    const struct config *config = &plant->config;
    const struct {
        enum urgency level;
        const char *name;
        struct str text;
    } settings[] = {{urgency_LOW, "DISPATCH_FOLLOWUPS_LOW", config->followups_low},
                    {urgency_NORMAL, "DISPATCH_FOLLOWUPS_NORMAL", config->followups_normal},
                    {urgency_HIGH, "DISPATCH_FOLLOWUPS_HIGH", config->followups_high},
                    {urgency_CRITICAL, "DISPATCH_FOLLOWUPS_CRITICAL", config->followups_critical}};
    for (size_t i = 0; i < ARRAY_LENGTH(settings); i++) {
        struct problem inner = {0};
        struct followups *out = &plant->site.followups[settings[i].level];
        if (followups_parse(settings[i].text, out, &inner) != OK) {
            return problem_set(problem, E_INVALID, settings[i].name, "%s %s", settings[i].name,
                               inner.message);
        }
    }
    return OK;
}

enum err plant_check(struct plant *plant, struct problem *problem)
{
    struct str address = STR_NONE;
    uint16_t port = 0;
    copy_settings(plant);
    TRY(check_limits(&plant->config, problem));
    TRY(plant_retention(plant, problem));
    TRY(take_followups(plant, problem));
    TRY(call_settings_take(&plant->config, &plant->site, problem));
    TRY(plant_store_check(&plant->config, problem));
    TRY(plant_redis(plant, problem));
    TRY(parse_listen(plant->config.arena, plant->config.listen, &address, &port, problem));
    TRY(check_tls(&plant->config, problem));
    TRY(take_public_url(plant, problem));
    TRY(whatsapp_templates_check(plant->config.whatsapp_templates, problem));
    TRY(plant_providers(plant, problem));
    TRY(plant_watch(plant, problem));
    TRY(rules_load(plant->config.rules_file.ptr, &plant->site.rules, problem));
    TRY(policy_files_check(plant->config.policies_dir, problem));
    if (plant->zones == NULL) {
        TRY(zoneinfo_open(NULL, &plant->zones, problem));
    }
    plant->site.zones = plant->zones;
    if (zoneinfo_find(plant->zones, plant->config.default_timezone) == NULL) {
        return problem_set(problem, E_TIMEZONE, "DEFAULT_TIMEZONE",
                           "DEFAULT_TIMEZONE is not an IANA zone such as Europe/Madrid: \"%.*s\"",
                           STR_FMT(str_cut_utf8(plant->config.default_timezone, 64)));
    }
    return plant_data_key_check(&plant->config, problem);
}

static enum err prepare_store(struct plant *plant, struct problem *problem)
{
    int ran = 0;
    TRY(migrate_up(plant->db, &ran, problem));
    if (ran > 0) {
        log_write(&plant->log, LOG_INFO, LOG_STORE, STR_NONE, "%d migrations ran", ran);
    }
    return settings_id_key(plant->db, plant->config.arena, &plant->site.id_key);
}

/* Another version's rows are not ours to write. */
static enum err check_schema(struct plant *plant, struct problem *problem)
{
    int have = 0;
    int want = 0;
    TRY(migrate_status(plant->db, &have, &want, problem));
    return have == want ? OK
                        : problem_set(problem, E_CONFLICT, "DATABASE_URL",
                                      "%s has schema %d, this binary wants %d; see tocsin migrate",
                                      plant->database_path.ptr, have, want);
}

static enum err open_all(struct plant *plant, enum plant_use use, struct problem *problem)
{
    TRY(plant_seal_open(plant, use, problem));
    plant->site.seal = plant->seal;
    TRY(plant_db_open(plant, use, &plant->db, problem));
    if (use == PLANT_WRITE) {
        TRY(prepare_store(plant, problem));
    }
    if (use == PLANT_ALONE) {
        TRY(check_schema(plant, problem));
    }
    TRY(plant_key_take_up(plant, use, problem));
    if (use == PLANT_WRITE) {
        plant_log_degraded(plant);
        plant_archive_log(plant);
    }
    TRY(settings_id_key(plant->db, plant->config.arena, &plant->site.id_key));
    return plant->is_shared ? db_execute(plant->db, db_dialect(plant->db)->let_in, problem) : OK;
}

enum err plant_open(struct plant *plant, enum plant_use use, struct problem *problem)
{
    plant->lock = -1;
    TRY(plant_check(plant, problem));
    plant->is_shared = use == PLANT_SERVE && plant_may_share(&plant->config);
    bool is_server = use == PLANT_SERVE;
    use = use == PLANT_SERVE ? PLANT_WRITE : use;
    TRY(plant_store_name(plant, use, problem));
    plant_archive(plant);
    enum err err = use == PLANT_READ_ONLY ? OK : plant_lock(plant, problem);
    if (err == OK && is_server) {
        plant_read_ahead(plant);
    }
    if (err == OK) {
        err = open_all(plant, use, problem);
    }
    if (use != PLANT_ALONE || err != E_CONFLICT || plant->db != NULL) {
        return err;
    }
    /* Somebody else has it: then it can be read. */
    plant_unlock(plant);
    seal_free(&plant->seal);
    *problem = (struct problem){0};
    plant->is_beside = true;
    return open_all(plant, PLANT_READ_ONLY, problem);
}

void plant_close(struct plant *plant)
{
    db_close(&plant->db);
    plant_read_ahead_end(plant);
    seal_free(&plant->seal);
    zoneinfo_free(&plant->zones);
    plant_unlock(plant);
    rules_free(&plant->site.rules);
    config_free(&plant->config);
}
