#include "app/plant_providers.h"
#include "channel/exotel.h"
#include "channel/plivo.h"
#include "cli/command.h"
#include "service/degraded.h"

#include <stdio.h>

enum { CALLS = 1u << channel_CALL, TEXTS = 1u << channel_SMS | 1u << channel_WHATSAPP };

/* What an operator enters by hand; all other URLs travel in our requests. */
static const struct {
    const char *provider;
    unsigned channels;
    enum hook hook;
    const char *place;
} places[] = {
    {"twilio", TEXTS, HOOK_SMS, "\"A message comes in\" of the number or service, POST"},
    {PLIVO, TEXTS, HOOK_SMS, "\"Message URL\" of the number's application, POST"},
    {EXOTEL, TEXTS, HOOK_SMS, "incoming SMS of the ExoPhone; secret"},
    {EXOTEL, CALLS, HOOK_VOICE, "the flow's Greeting applets, dynamic"},
    {EXOTEL, CALLS, HOOK_GATHER, "the flow's Passthru applet, synchronous"},
};

static struct str url_of(const struct provider_settings *settings, size_t which,
                         struct arena *arena)
{
    if (places[which].hook == HOOK_SMS && str_equal_text(STR(EXOTEL), places[which].provider)) {
        return exotel_inbound_url(settings, arena);
    }
    return arena_printf(arena, "%.*s/webhooks/%s/%s", STR_FMT(settings->public_url),
                        places[which].provider, hook_name(places[which].hook));
}

static enum err show_urls(const struct plant *plant, struct problem *problem)
{
    const struct provider_settings *settings = &plant->site.provider_settings;
    bool has_any = false;
    if (!str_is_set(settings->public_url)) {
        return problem_set(problem, E_INVALID, "TOCSIN_PUBLIC_URL",
                           "TOCSIN_PUBLIC_URL is not set: no provider can call this server");
    }
    for (size_t i = 0; i < ARRAY_LENGTH(places); i++) {
        const struct provider *provider = provider_find(str_from(places[i].provider));
        if ((provider_channels(&plant->site, provider) & places[i].channels) == 0) {
            continue;
        }
        struct str url = url_of(settings, i, plant->config.arena);
        printf("%s, %s:\n    %.*s\n", places[i].provider, places[i].place, STR_FMT(url));
        has_any = true;
    }
    if (!has_any) {
        printf("Nothing is to be entered anywhere: neither texts nor calls go by twilio, plivo or "
               "exotel.\n");
    }
    return OK;
}

enum exit_code run_webhooks(const struct arguments *arguments)
{
    struct plant plant = {0};
    struct problem problem = {0};
    if (!load_plant(arguments, &plant)) {
        return EXIT_USAGE;
    }
    if (!all_taken(arguments, command_named("webhooks"))) {
        config_free(&plant.config);
        return EXIT_USAGE;
    }
    /* The secret URL is made with the data key, which the first start may have made. */
    enum err err = plant_open(&plant, PLANT_READ_ONLY, &problem);
    err = err == OK ? show_urls(&plant, &problem) : err;
    if (err != OK) {
        say_problem("webhooks", &problem);
    }
    plant_close(&plant);
    return err == OK ? EXIT_DONE : EXIT_FAILED;
}
