/* cli/command: the commands of the binary. Exit codes: 0 done, 1 failed, 2 called wrongly, 3 a
 * check found something wrong. */
#ifndef TOCSIN_CLI_COMMAND_H
#define TOCSIN_CLI_COMMAND_H

#include "app/wire.h"

enum exit_code { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_FOUND = 3 };

struct arguments {
    int count;
    char **words; /* Behind the command's name. */
    char *const *environment;
};

struct command {
    const char *name;
    const char *usage;
    const char *doc;
    enum exit_code (*run)(const struct arguments *arguments);
};

size_t commands_all(const struct command **out);
enum exit_code run_command(int argc, char **argv, char *const *environment);

/* The value behind `--name`, or NULL. Marks both as used by setting them to NULL. */
const char *take_option(const struct arguments *arguments, const char *name);
bool take_flag(const struct arguments *arguments, const char *name);
/* The first word that is no option; NULL where there is none. */
const char *take_word(const struct arguments *arguments);
/* True when every word was used; says which one was not. */
bool all_taken(const struct arguments *arguments, const struct command *command);
const struct command *command_named(const char *name);

/* Loads the configuration (with --config) into `plant`, and says what is wrong with it. */
bool load_plant(const struct arguments *arguments, struct plant *plant);
void say_problem(const char *what, const struct problem *problem);

enum exit_code run_serve(const struct arguments *arguments);
enum exit_code run_migrate(const struct arguments *arguments);
enum exit_code run_check_config(const struct arguments *arguments);
enum exit_code run_send_test(const struct arguments *arguments);
enum exit_code run_simulate(const struct arguments *arguments);
enum exit_code run_webhooks(const struct arguments *arguments);
enum exit_code run_verify(const struct arguments *arguments);
enum exit_code run_keys(const struct arguments *arguments);
enum exit_code run_rotate_data(const struct arguments *arguments); /* A part of keys. */
enum exit_code run_redis(const struct arguments *arguments);
enum exit_code run_audit(const struct arguments *arguments);
enum exit_code run_archive(const struct arguments *arguments);
enum exit_code run_export(const struct arguments *arguments);
enum exit_code run_import(const struct arguments *arguments);
enum exit_code run_backup(const struct arguments *arguments);
enum exit_code run_restore(const struct arguments *arguments);
enum exit_code run_docs(const struct arguments *arguments);
enum exit_code run_version(const struct arguments *arguments);
enum exit_code run_help(const struct arguments *arguments);

#endif
