#include "store/archive.h"
#include "app/archive_folder.h"
#include "cli/command.h"
#include "model/json.h"

#include <stdio.h>
#include <string.h>

enum { FILES_MAX = 10000 };

enum what { LIST, SHOW, VERIFY };

struct archiving {
    struct plant plant;
    struct arena *arena;      /* Of the command. */
    struct arena *line_arena; /* Of a line. */
    struct problem problem;
    enum what what;
    bool is_json;
    const char *file;  /* The one that is shown; NULL for all. */
    struct id user;    /* Of whom rows are shown; unset for all. */
    struct list files; /* Of struct archive. */
    struct archiver archiver;
    struct archive_chain chain; /* Of the file that is verified. */
    int64_t rows;
};

/* --- Shown --- */

static void add_member(const struct archiving *archiving, struct buf *out,
                       const struct field *field, const void *member)
{
    char text[INSTANT_TEXT_MAX + ID_TEXT_MAX];
    struct hash_key key = archiving->plant.site.id_key;
    switch (field->type) {
    case FIELD_ID:
        json_add_text(out, id_format(key, *(const struct id *)member, text));
        break;
    case FIELD_INSTANT:
        json_add_text(out, instant_format(*(const struct instant *)member, text));
        break;
    case FIELD_INT:
        buf_add_int(out, *(const int64_t *)member);
        break;
    case FIELD_BOOL:
        buf_add_text(out, *(const bool *)member ? "true" : "false");
        break;
    case FIELD_ENUM:
        json_add_text(out, str_from(enum_name(field->detail.names, *(const int *)member)));
        break;
    case FIELD_TEXT:
        json_add_text(out, *(const struct str *)member);
        break;
    case FIELD_BYTES:
    case FIELD_LIST:
    case FIELD_RECORD:
        break;
    }
}

static bool is_there(const struct field *field, const void *member)
{
    switch (field->type) {
    case FIELD_ID:
        return id_is_set(*(const struct id *)member);
    case FIELD_INSTANT:
        return instant_is_set(*(const struct instant *)member);
    case FIELD_ENUM:
        return *(const int *)member != 0;
    case FIELD_TEXT:
        return str_is_set(*(const struct str *)member);
    case FIELD_INT:
    case FIELD_BOOL:
        return true;
    case FIELD_BYTES:
    case FIELD_LIST:
    case FIELD_RECORD:
        return false;
    }
    return false;
}

static void add_row(const struct archiving *archiving, struct buf *out,
                    const struct archived_row *row)
{
    const struct record *record = db_table_record(row->table);
    const char *separator = "";
    buf_printf(out, "{\"table\":\"%s\"", db_table_name(row->table));
    if (row->is_erased) {
        buf_add_text(out, ",\"erased\":true");
    }
    buf_add_text(out, ",\"row\":{");
    for (size_t i = 0; i < record->field_count; i++) {
        const struct field *field = &record->fields[i];
        const void *member = record_member_const(row->row, field);
        if (field_is_stored(field) && is_there(field, member)) {
            buf_printf(out, "%s\"%s\":", separator, field->column);
            add_member(archiving, out, field, member);
            separator = ",";
        }
    }
    buf_add_text(out, "}}\n");
}

static enum err show_line(void *context, struct str line)
{
    struct archiving *archiving = context;
    struct archived_row row = {0};
    arena_reset(archiving->line_arena);
    archiving->archiver.arena = archiving->line_arena;
    struct buf out = {.arena = archiving->line_arena};
    enum err err = archiver_open(&archiving->archiver, line, &row);
    if (err != OK) {
        return problem_set(&archiving->problem, err, NULL,
                           "a line of the archive cannot be read: %.*s",
                           STR_FMT(str_cut_utf8(line, 80)));
    }
    if (!id_is_set(archiving->user) || id_equal(archiving->user, row.user)) {
        add_row(archiving, &out, &row);
        fwrite(out.ptr, 1, out.len, stdout);
    }
    return OK;
}

static enum err read_file(struct archiving *archiving, const struct archive *archive,
                          enum err (*each)(void *context, struct str line), int64_t *beyond)
{
    struct archive_lines lines = {.folder = archiving->plant.archive_dir,
                                  .name = archive->name,
                                  .bytes = archive->bytes,
                                  .context = archiving,
                                  .each = each};
    enum err err = archive_folder_read(&lines, &archiving->problem);
    *beyond = lines.beyond;
    return err;
}

static enum exit_code show_files(struct archiving *archiving)
{
    const struct archive *files = archiving->files.items;
    bool is_found = archiving->file == NULL;
    for (size_t i = 0; i < archiving->files.count; i++) {
        int64_t beyond = 0;
        if (archiving->file != NULL && !str_equal_text(files[i].name, archiving->file)) {
            continue;
        }
        is_found = true;
        if (read_file(archiving, &files[i], show_line, &beyond) != OK) {
            say_problem("archive", &archiving->problem);
            return EXIT_FAILED;
        }
    }
    if (!is_found) {
        fprintf(stderr, "tocsin archive: the database knows no archive file %s\n", archiving->file);
    }
    return is_found ? EXIT_DONE : EXIT_FAILED;
}

/* --- Listed and verified --- */

static enum exit_code list_files(struct archiving *archiving)
{
    const struct archive *files = archiving->files.items;
    struct json_context context = {.arena = archiving->arena,
                                   .id_key = archiving->plant.site.id_key};
    for (size_t i = 0; i < archiving->files.count; i++) {
        struct buf line = {.arena = archiving->arena};
        if (archiving->is_json) {
            record_to_json(&context, &line, &archive_record, &files[i]);
        } else {
            buf_printf(&line, "%-28.*s %10lld rows %14lld bytes  %.*s", STR_FMT(files[i].name),
                       (long long)files[i].row_count, (long long)files[i].bytes,
                       STR_FMT(files[i].hash));
        }
        printf("%.*s\n", STR_FMT(buf_str(&line)));
    }
    return EXIT_DONE;
}

static enum err verify_line(void *context, struct str line)
{
    struct archiving *archiving = context;
    archive_chain_add(archiving->plant.db, &archiving->chain, line);
    archiving->rows++;
    return OK;
}

static bool verify_file(struct archiving *archiving, const struct archive *archive)
{
    int64_t beyond = 0;
    archiving->chain = (struct archive_chain){0};
    archiving->rows = 0;
    if (read_file(archiving, archive, verify_line, &beyond) != OK) {
        printf("%.*s: %s\n", STR_FMT(archive->name), archiving->problem.message);
        return false;
    }
    bool is_same = archiving->rows == archive->row_count &&
                   str_equal_text(archive->hash, archiving->chain.hash);
    printf("%.*s: %lld rows, %s", STR_FMT(archive->name), (long long)archiving->rows,
           is_same ? "whole" : "not what the database knows of it");
    if (beyond > 0) {
        printf("; %lld bytes behind them do not count", (long long)beyond);
    }
    printf("\n");
    return is_same;
}

static enum exit_code verify_files(struct archiving *archiving)
{
    const struct archive *files = archiving->files.items;
    bool is_whole = true;
    for (size_t i = 0; i < archiving->files.count; i++) {
        is_whole = verify_file(archiving, &files[i]) && is_whole;
    }
    printf("%zu archive files, %s\n", archiving->files.count,
           is_whole ? "all of them whole" : "not all of them whole");
    return is_whole ? EXIT_DONE : EXIT_FOUND;
}

/* --- The command --- */

static bool take_what(struct archiving *archiving, const struct arguments *arguments)
{
    static const char *const names[] = {"list", "show", "verify"};
    const char *word = take_word(arguments);
    for (size_t i = 0; word != NULL && i < ARRAY_LENGTH(names); i++) {
        if (strcmp(word, names[i]) == 0) {
            archiving->what = (enum what)i;
            archiving->is_json = i == LIST && take_flag(arguments, "--json");
            archiving->file = i == SHOW ? take_word(arguments) : NULL;
            return true;
        }
    }
    fprintf(stderr, "usage: tocsin archive %s\n", command_named("archive")->usage);
    return false;
}

static enum err open_all(struct archiving *archiving, const char *user)
{
    struct plant *plant = &archiving->plant;
    TRY(plant_open(plant, PLANT_READ_ONLY, &archiving->problem));
    if (user != NULL && id_parse(plant->site.id_key, str_from(user), &archiving->user) != OK) {
        return problem_set(&archiving->problem, E_INVALID, "--user", "must be the id of a person");
    }
    if (!str_is_set(plant->archive_dir)) {
        return problem_set(&archiving->problem, E_INVALID, "TOCSIN_ARCHIVE_DIR",
                           "TOCSIN_ARCHIVE_DIR must name the folder of the archive files");
    }
    archiving->archiver.db = plant->db;
    return archives_page(plant->db, archiving->arena, ID_NONE, FILES_MAX, &archiving->files);
}

static enum exit_code run(struct archiving *archiving, const char *user)
{
    static enum exit_code (*const runs[])(struct archiving * archiving) = {list_files, show_files,
                                                                           verify_files};
    if (open_all(archiving, user) != OK) {
        say_problem("archive", &archiving->problem);
        return EXIT_FAILED;
    }
    enum exit_code code = runs[archiving->what](archiving);
    archiver_end(&archiving->archiver);
    return code;
}

enum exit_code run_archive(const struct arguments *arguments)
{
    struct archiving archiving = {0};
    enum exit_code code = EXIT_USAGE;
    const char *user = take_option(arguments, "--user");
    if (!load_plant(arguments, &archiving.plant)) {
        return EXIT_USAGE;
    }
    archiving.arena = arena_new();
    archiving.line_arena = arena_new();
    if (take_what(&archiving, arguments) && all_taken(arguments, command_named("archive"))) {
        code = run(&archiving, user);
    }
    plant_close(&archiving.plant);
    arena_free(&archiving.line_arena);
    arena_free(&archiving.arena);
    return code;
}
