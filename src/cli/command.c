#include "cli/command.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct command commands[] = {
#define COMMAND(name, function, usage, doc) {name, usage, doc, function},
#include "cli/commands.def"
#undef COMMAND
};

size_t commands_all(const struct command **out)
{
    *out = commands;
    return ARRAY_LENGTH(commands);
}

const struct command *command_named(const char *name)
{
    for (size_t i = 0; i < ARRAY_LENGTH(commands); i++) {
        if (strcmp(name, commands[i].name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

const char *take_option(const struct arguments *arguments, const char *name)
{
    for (int i = 0; i + 1 < arguments->count; i++) {
        if (arguments->words[i] != NULL && strcmp(arguments->words[i], name) == 0) {
            const char *value = arguments->words[i + 1];
            arguments->words[i] = arguments->words[i + 1] = NULL;
            return value;
        }
    }
    return NULL;
}

const char *take_word(const struct arguments *arguments)
{
    for (int i = 0; i < arguments->count; i++) {
        const char *word = arguments->words[i];
        if (word != NULL && word[0] != '-') {
            arguments->words[i] = NULL;
            return word;
        }
    }
    return NULL;
}

bool take_flag(const struct arguments *arguments, const char *name)
{
    for (int i = 0; i < arguments->count; i++) {
        if (arguments->words[i] != NULL && strcmp(arguments->words[i], name) == 0) {
            arguments->words[i] = NULL;
            return true;
        }
    }
    return false;
}

bool all_taken(const struct arguments *arguments, const struct command *command)
{
    assert(command != NULL);
    for (int i = 0; i < arguments->count; i++) {
        if (arguments->words[i] != NULL) {
            fprintf(stderr, "tocsin %s: \"%s\" is not understood\nusage: tocsin %s %s\n",
                    command->name, arguments->words[i], command->name, command->usage);
            return false;
        }
    }
    return true;
}

void say_problem(const char *what, const struct problem *problem)
{
    const char *message =
        problem->message[0] == '\0' ? err_meaning(problem->err) : problem->message;
    /* "It must be …" is said of a setting, which a reader has to be told. */
    bool is_named = problem->field[0] == '\0' || strstr(message, problem->field) != NULL;
    fprintf(stderr, "tocsin: %s: %s%s%s\n", what, is_named ? "" : problem->field,
            is_named ? "" : ": ", message);
}

static void write_log(void *context, struct str line)
{
    struct plant *plant = context;
    log_out_line(&plant->log_out, line);
}

static void urge_log(void *context)
{
    struct plant *plant = context;
    log_out_flush(&plant->log_out);
}

static bool set_log(struct plant *plant, struct problem *problem)
{
    const struct config *config = &plant->config;
    log_out_open(&plant->log_out, STDERR_FILENO);
    plant->log =
        (struct log){.sink = write_log, .urge = urge_log, .context = plant, .now = plant_now};
    if (log_level_parse(config->log_level, &plant->log.least) != OK) {
        problem_set(problem, E_INVALID, "LOG_LEVEL",
                    "LOG_LEVEL must be debug, info, warn or error");
        return false;
    }
    plant->log.json = str_equal(config->log_format, STR("json"));
    if (!plant->log.json && !str_equal(config->log_format, STR("text"))) {
        problem_set(problem, E_INVALID, "LOG_FORMAT", "LOG_FORMAT must be text or json");
        return false;
    }
    return true;
}

bool load_plant(const struct arguments *arguments, struct plant *plant)
{
    struct problem problem = {0};
    const char *path = take_option(arguments, "--config");
    plant->lock = -1;
    if (config_load(arguments->environment, path, &plant->config, &problem) == OK &&
        set_log(plant, &problem)) {
        return true;
    }
    say_problem("configuration", &problem);
    config_free(&plant->config);
    return false;
}

enum exit_code run_help(const struct arguments *arguments)
{
    (void)arguments;
    printf("Tocsin makes sure that a human answers.\n\nusage: tocsin COMMAND [OPTION…]\n\n");
    for (size_t i = 0; i < ARRAY_LENGTH(commands); i++) {
        printf("  %-13s %s\n", commands[i].name, commands[i].doc);
    }
    printf("\ntocsin COMMAND --help shows its options. Settings come from the environment or a "
           "file; see\n"
           "docs/reference/config.md.\nexit codes: 0 done, 1 failed, 2 called wrongly, 3 a check "
           "found something wrong\n");
    return EXIT_DONE;
}

enum exit_code run_version(const struct arguments *arguments)
{
    if (!all_taken(arguments, command_named("version"))) {
        return EXIT_USAGE;
    }
    printf("tocsin %s\n", TOCSIN_VERSION);
    return EXIT_DONE;
}

enum exit_code run_command(int argc, char **argv, char *const *environment)
{
    struct arguments arguments = {argc > 2 ? argc - 2 : 0, argv + 2, environment};
    if (argc < 2) {
        run_help(&arguments);
        return EXIT_USAGE;
    }
    bool is_help = strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0;
    bool is_version = strcmp(argv[1], "--version") == 0;
    const struct command *command = command_named(is_help      ? "help"
                                                  : is_version ? "version"
                                                               : argv[1]);
    if (command == NULL) {
        fprintf(stderr, "tocsin: there is no command \"%s\"; tocsin help lists them\n", argv[1]);
        return EXIT_USAGE;
    }
    if (take_flag(&arguments, "--help")) {
        printf("usage: tocsin %s %s\n\n%s\n", command->name, command->usage, command->doc);
        return EXIT_DONE;
    }
    return command->run(&arguments);
}
