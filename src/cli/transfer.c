#include "store/transfer.h"
#include "app/plant_keys.h"
#include "app/plant_store.h"
#include "cli/command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A calendar that is 16 MiB long is the longest that a row has, twice as long in digits. */
enum { LINE_BYTES_MAX = 256 * 1024 * 1024 };

static enum err write_line(void *context, struct str line)
{
    FILE *file = context;
    bool is_written = fwrite(line.ptr, 1, line.len, file) == line.len && fputc('\n', file) != EOF;
    return is_written ? OK : E_UNAVAILABLE;
}

struct reading {
    FILE *file;
    char *line;
    size_t cap;
};

static enum err read_line(void *context, struct str *out)
{
    struct reading *reading = context;
    ssize_t len = getline(&reading->line, &reading->cap, reading->file);
    *out = STR_NONE;
    if (len > LINE_BYTES_MAX) {
        return E_TOO_LARGE;
    }
    if (len < 0 || reading->line[len - 1] != '\n') {
        return OK; /* One that is cut short is none. */
    }
    *out = (struct str){reading->line, (size_t)len - 1};
    return OK;
}

static bool open_store(const struct arguments *arguments, const char *name, enum plant_use use,
                       struct plant *plant)
{
    struct problem problem = {0};
    if (!load_plant(arguments, plant)) {
        return false;
    }
    if (!all_taken(arguments, command_named(name))) {
        config_free(&plant->config);
        return false;
    }
    if (plant_open(plant, use, &problem) != OK) {
        say_problem(name, &problem);
        plant_close(plant);
        return false;
    }
    return true;
}

static enum exit_code end(struct plant *plant, const char *name, enum err err,
                          const struct problem *problem)
{
    if (err != OK) {
        say_problem(name, problem);
    }
    plant_close(plant);
    return err == OK ? EXIT_DONE : EXIT_FAILED;
}

enum exit_code run_export(const struct arguments *arguments)
{
    struct plant plant = {0};
    struct problem problem = {0};
    struct transfer_result result = {0};
    if (!open_store(arguments, "export", PLANT_READ_ONLY, &plant)) {
        return EXIT_FAILED;
    }
    enum err err = transfer_export(plant.db, plant_key_check(&plant),
                                   (struct line_sink){stdout, write_line}, &result, &problem);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        err = problem_set(&problem, E_UNAVAILABLE, NULL, "the export cannot be written: %s",
                          strerror(errno));
    }
    if (err == OK) {
        fprintf(stderr, "tocsin: exported %lld rows of %lld tables from %s\n",
                (long long)result.rows, (long long)result.tables, plant.database_path.ptr);
    }
    return end(&plant, "export", err, &problem);
}

enum exit_code run_import(const struct arguments *arguments)
{
    struct plant plant = {0};
    struct problem problem = {0};
    struct transfer_result result = {0};
    struct reading reading = {.file = stdin};
    if (!open_store(arguments, "import", PLANT_WRITE, &plant)) {
        return EXIT_FAILED;
    }
    enum err err = transfer_import(plant.db, plant_key_check(&plant),
                                   (struct line_source){&reading, read_line}, &result, &problem);
    free(reading.line);
    if (err == OK) {
        fprintf(stderr, "tocsin: imported %lld rows of %lld tables into %s, read back\n",
                (long long)result.rows, (long long)result.tables, plant.database_path.ptr);
    }
    return end(&plant, "import", err, &problem);
}
