#include "app/config.h"

#include <ini.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum {
    SECRET_BYTES_MAX = 4096,
    NAME_BYTES_SHOWN = 80,
    NEAR_BYTES_MIN = 3,
    NUMBER_MAX = 1000000000 /* More than any setting has a use for. */
};

static const struct setting settings[] = {
#define SETTING(type, member, name, fallback, flags, doc) \
    {SETTING_##type, name, fallback, flags, doc, offsetof(struct config, member)},
#include "app/config.def"
#undef SETTING
};

size_t settings_all(const struct setting **out)
{
    *out = settings;
    return ARRAY_LENGTH(settings);
}

static const struct setting *find_setting(struct str name)
{
    for (size_t i = 0; i < ARRAY_LENGTH(settings); i++) {
        if (str_equal_text(name, settings[i].name)) {
            return &settings[i];
        }
    }
    return NULL;
}

/* The right name that a wrong one was meant for: it begins and ends like it, and has the fewest
 * other letters. The first word, which many names share, does not make one near. */
struct near_name {
    const char *name; /* NULL while there is none. */
    size_t others;
};

static void offer_name(struct near_name *best, struct str wrong, const char *candidate)
{
    struct str name = str_from(candidate);
    size_t most = name.len < wrong.len ? name.len : wrong.len;
    size_t word = str_find_byte(wrong, '_', 0) + 1;
    size_t front = 0;
    size_t back = 0;
    while (front < most && name.ptr[front] == wrong.ptr[front]) {
        front++;
    }
    while (front + back < most &&
           name.ptr[name.len - 1 - back] == wrong.ptr[wrong.len - 1 - back]) {
        back++;
    }
    size_t others = name.len + wrong.len - 2 * (front + back);
    bool is_near =
        others <= wrong.len && back + (front > word ? front - word : 0) >= NEAR_BYTES_MIN;
    if (is_near && (best->name == NULL || others < best->others)) {
        *best = (struct near_name){candidate, others};
    }
}

static enum err refuse_name(struct str name, struct problem *problem)
{
    struct near_name best = {0};
    struct str shown = str_cut_utf8(name, NAME_BYTES_SHOWN);
    for (size_t i = 0; i < ARRAY_LENGTH(settings); i++) {
        offer_name(&best, name, settings[i].name);
    }
    if (best.name == NULL) {
        return problem_set(problem, E_INVALID, NULL, "there is no setting %.*s", STR_FMT(shown));
    }
    return problem_set(problem, E_INVALID, NULL, "there is no setting %.*s; is it %s?",
                       STR_FMT(shown), best.name);
}

static enum err take_int(const struct setting *setting, struct str value, int64_t *out,
                         struct problem *problem)
{
    if (str_to_int(value, out) != OK || *out < 0 || *out > NUMBER_MAX) {
        return problem_set(problem, E_INVALID, setting->name,
                           "%s must be a whole number of 0 or more, not \"%.*s\"", setting->name,
                           STR_FMT(str_cut_utf8(value, 40)));
    }
    return OK;
}

static enum err assign(struct config *config, const struct setting *setting, struct str value,
                       struct problem *problem)
{
    char *member = (char *)config + setting->offset;
    switch (setting->type) {
    case SETTING_TEXT:
        *(struct str *)member = arena_str(config->arena, value);
        return OK;
    case SETTING_INT:
        return take_int(setting, value, (int64_t *)member, problem);
    case SETTING_BOOL:
        if (str_to_bool(value, (bool *)member) != OK) {
            return problem_set(problem, E_INVALID, setting->name,
                               "%s must be true or false, not \"%.*s\"", setting->name,
                               STR_FMT(str_cut_utf8(value, 40)));
        }
        return OK;
    }
    return E_INTERNAL;
}

enum err config_set(struct config *config, struct str name, struct str value,
                    struct problem *problem)
{
    const struct setting *setting = find_setting(name);
    if (setting == NULL) {
        return refuse_name(name, problem);
    }
    return assign(config, setting, value, problem);
}

static enum err read_secret(struct config *config, const struct setting *setting, struct str path,
                            struct problem *problem)
{
    char text[SECRET_BYTES_MAX];
    FILE *file = fopen(arena_cstr(config->arena, path), "r");
    if (file == NULL) {
        return problem_set(problem, E_INVALID, setting->name,
                           "%s_FILE names a file that cannot be read", setting->name);
    }
    size_t len = fread(text, 1, sizeof text, file);
    fclose(file);
    /* A folder can be opened and reads as nothing. */
    struct str secret = str_trim((struct str){text, len});
    if (secret.len == 0 || len == sizeof text) {
        return problem_set(problem, E_INVALID, setting->name,
                           "%s_FILE names a file that is empty or too long for a secret",
                           setting->name);
    }
    return assign(config, setting, secret, problem);
}

/* NAME_FILE for a secret NAME. */
static const struct setting *secret_by_file(struct str name)
{
    struct str suffix = STR("_FILE");
    if (!str_ends(name, suffix)) {
        return NULL;
    }
    const struct setting *setting = find_setting(str_slice(name, 0, name.len - suffix.len));
    return setting != NULL && setting->flag == SECRET ? setting : NULL;
}

static enum err take_pair(struct config *config, struct str name, struct str value,
                          struct problem *problem)
{
    const struct setting *setting = find_setting(name);
    if (setting != NULL) {
        return assign(config, setting, value, problem);
    }
    setting = secret_by_file(name);
    if (setting != NULL) {
        return read_secret(config, setting, value, problem);
    }
    return refuse_name(name, problem);
}

struct file_reader {
    struct config *config;
    struct problem *problem;
    enum err err;
};

static int take_line(void *context, const char *section, const char *name, const char *value)
{
    struct file_reader *reader = context;
    if (section[0] != '\0') {
        reader->err = problem_set(reader->problem, E_INVALID, NULL,
                                  "the configuration file has no sections such as [%s]", section);
        return 0;
    }
    reader->err = take_pair(reader->config, str_from(name), str_from(value == NULL ? "" : value),
                            reader->problem);
    return reader->err == OK;
}

static enum err load_file(struct config *config, const char *path, struct problem *problem)
{
    struct file_reader reader = {.config = config, .problem = problem};
    int line = ini_parse(path, take_line, &reader);
    if (reader.err != OK) {
        return reader.err;
    }
    if (line < 0) {
        return problem_set(problem, E_INVALID, NULL, "the configuration file %s cannot be read",
                           path);
    }
    if (line > 0) {
        return problem_set(problem, E_INVALID, NULL, "line %d of %s is not NAME = value", line,
                           path);
    }
    return OK;
}

/* Names that can be meant for nobody else: a letter wrong in one of them must not go unnoticed. */
static bool must_be_known(struct str name)
{
    static const char *const words[] = {"TOCSIN_", "FEATURE_", "TWILIO_",
                                        "PLIVO_",  "EXOTEL_",  "SMTP_"};
    bool is_ours = false;
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
        is_ours = is_ours || str_starts(name, str_from(words[i]));
    }
    return is_ours && !str_equal(name, STR("TOCSIN_CONFIG"));
}

static struct str environment_value(char *const *environment, struct str wanted)
{
    for (; *environment != NULL; environment++) {
        struct str value = str_from(*environment);
        struct str name = STR_NONE;
        if (str_split(&value, '=', &name) && str_equal(name, wanted)) {
            return value;
        }
    }
    return STR_NONE;
}

static enum err refuse_both(char *const *environment, struct str name, struct problem *problem)
{
    const struct setting *secret = secret_by_file(name);
    if (secret == NULL || environment_value(environment, str_from(secret->name)).len == 0) {
        return OK;
    }
    return problem_set(problem, E_INVALID, secret->name, "set %s or %s_FILE, not both",
                       secret->name, secret->name);
}

static enum err load_environment(struct config *config, char *const *environment,
                                 struct problem *problem)
{
    char *const *all = environment;
    for (; *environment != NULL; environment++) {
        struct str value = str_from(*environment);
        struct str name = STR_NONE;
        if (!str_split(&value, '=', &name) || !str_is_set(value)) {
            continue;
        }
        bool is_known = find_setting(name) != NULL || secret_by_file(name) != NULL;
        if (is_known && value.len == 0) {
            continue; /* What is set to nothing counts as absent. */
        }
        TRY(refuse_both(all, name, problem));
        if (is_known || must_be_known(name)) {
            TRY(take_pair(config, name, value, problem));
        }
    }
    return OK;
}

enum err config_load(char *const *environment, const char *path, struct config *out,
                     struct problem *problem)
{
    *out = (struct config){.arena = arena_new()};
    for (size_t i = 0; i < ARRAY_LENGTH(settings); i++) {
        TRY(assign(out, &settings[i], str_from(settings[i].fallback), problem));
    }
    struct str named = environment_value(environment, STR("TOCSIN_CONFIG"));
    if (path == NULL && named.len > 0) {
        path = arena_cstr(out->arena, named);
    }
    if (path != NULL) {
        TRY(load_file(out, path, problem));
    }
    return load_environment(out, environment, problem);
}

void config_free(struct config *config)
{
    arena_free(&config->arena);
}
