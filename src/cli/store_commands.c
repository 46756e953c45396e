#include "app/plant_providers.h"
#include "cli/command.h"
#include "store/audit.h"
#include "store/migrate.h"

#include <stdio.h>
#include <string.h>

enum exit_code run_migrate(const struct arguments *arguments)
{
    struct plant plant = {0};
    struct problem problem = {0};
    int have = 0;
    int want = 0;
    if (!load_plant(arguments, &plant)) {
        return EXIT_USAGE;
    }
    if (!all_taken(arguments, command_named("migrate"))) {
        config_free(&plant.config);
        return EXIT_USAGE;
    }
    enum err err = plant_open(&plant, PLANT_WRITE, &problem);
    if (err == OK) {
        err = migrate_status(plant.db, &have, &want, &problem);
    }
    if (err == OK) {
        printf("%s has schema %d, as this binary wants it\n", plant.database_path.ptr, have);
    } else {
        say_problem("migrate", &problem);
    }
    plant_close(&plant);
    return err == OK ? EXIT_DONE : EXIT_FAILED;
}

static void show_setting(const struct plant *plant, const struct setting *setting)
{
    const char *member = (const char *)&plant->config + setting->offset;
    const struct str *text = (const struct str *)(const void *)member;
    switch (setting->type) {
    case SETTING_TEXT:
        printf("%s=%.*s\n", setting->name,
               STR_FMT(setting->flag == SECRET && text->len > 0 ? STR("(set)") : *text));
        break;
    case SETTING_INT:
        printf("%s=%lld\n", setting->name, (long long)*(const int64_t *)(const void *)member);
        break;
    case SETTING_BOOL:
        printf("%s=%s\n", setting->name, *(const bool *)(const void *)member ? "true" : "false");
        break;
    }
}

static void show_degraded(void *context, const char *who, const char *what)
{
    (void)context;
    printf("%s: %s.\n", who, what);
}

/* "email by smtp, ", or in the order of fail-over "messages by twilio then plivo, ". */
static void show_providers(const struct plant *plant, const char *what, enum channel channel)
{
    const struct provider_list *list = &plant->site.delivery.lists[channel];
    printf("%s by ", what);
    for (size_t i = 0; i < list->count; i++) {
        printf("%s%s", i == 0 ? "" : " then ", list->items[i]->name);
    }
    printf(", ");
}

static void show_sound(const struct plant *plant)
{
    printf("The configuration is sound: ");
    show_providers(plant, "email", channel_EMAIL);
    show_providers(plant, "messages", channel_SMS);
    show_providers(plant, "calls", channel_CALL);
    printf("tzdata %.*s.\n", STR_FMT(zoneinfo_version(plant->zones)));
    plant_degraded(plant, show_degraded, NULL);
}

enum exit_code run_check_config(const struct arguments *arguments)
{
    struct plant plant = {0};
    struct problem problem = {0};
    const struct setting *settings = NULL;
    size_t count = settings_all(&settings);
    if (!load_plant(arguments, &plant)) {
        return EXIT_FOUND;
    }
    if (!all_taken(arguments, command_named("check-config"))) {
        config_free(&plant.config);
        return EXIT_USAGE;
    }
    enum err err = plant_check(&plant, &problem);
    for (size_t i = 0; i < count; i++) {
        show_setting(&plant, &settings[i]);
    }
    if (err != OK) {
        say_problem("configuration", &problem);
    } else {
        show_sound(&plant);
    }
    plant_close(&plant);
    return err == OK ? EXIT_DONE : EXIT_FOUND;
}

enum exit_code run_audit(const struct arguments *arguments)
{
    struct plant plant = {0};
    struct problem problem = {0};
    int64_t checked = 0;
    if (!take_flag(arguments, "verify")) {
        fprintf(stderr, "usage: tocsin audit %s\n", command_named("audit")->usage);
        return EXIT_USAGE;
    }
    if (!load_plant(arguments, &plant)) {
        return EXIT_USAGE;
    }
    if (!all_taken(arguments, command_named("audit"))) {
        config_free(&plant.config);
        return EXIT_USAGE;
    }
    enum err err = plant_open(&plant, PLANT_READ_ONLY, &problem);
    if (err != OK) {
        say_problem("audit verify", &problem);
        plant_close(&plant);
        return EXIT_FAILED;
    }
    err = audit_verify(plant.db, &checked, &problem);
    if (err == OK) {
        printf("The audit trail is whole: %lld events.\n", (long long)checked);
    } else {
        printf("The audit trail is broken: %s.\n", problem.message);
    }
    plant_close(&plant);
    return err == OK ? EXIT_DONE : EXIT_FOUND;
}
