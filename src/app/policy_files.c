#include "app/policy_files.h"

#include "model/json.h"
#include "service/executor.h"
#include "service/policies.h"
#include "service/policy_rules.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

enum { FILE_BYTES_MAX = 65536, FILES_MAX = 1000 };

struct policy_file {
    struct str name;
    struct policy policy;
};

struct policy_files {
    struct arena *arena;
    struct hash_key id_key;
    struct str folder;
    struct policy_file *items;
    size_t count;
};

static enum err say(struct problem *problem, const struct policy_file *file,
                    const struct problem *why)
{
    /* Some sentences begin with the member themselves. */
    bool is_named = str_starts(str_from(why->message), str_from(why->field));
    return problem_set(problem, why->err == OK ? E_INVALID : why->err, "POLICIES_DIR",
                       "%.*s: %s%s%s", STR_FMT(file->name), is_named ? "" : why->field,
                       is_named ? "" : ": ", why->message);
}

static enum err read_text(const struct policy_files *files, const struct policy_file *file,
                          struct str *out, struct problem *problem)
{
    struct str path =
        arena_printf(files->arena, "%.*s/%.*s", STR_FMT(files->folder), STR_FMT(file->name));
    FILE *stream = fopen(path.ptr, "r");
    char *text = arena_alloc(files->arena, FILE_BYTES_MAX);
    size_t len = stream == NULL ? 0 : fread(text, 1, FILE_BYTES_MAX, stream);
    bool is_read = stream != NULL && ferror(stream) == 0;
    if (stream != NULL) {
        fclose(stream);
    }
    *out = (struct str){text, len};
    return is_read && len < FILE_BYTES_MAX
               ? OK
               : problem_set(problem, E_INVALID, "POLICIES_DIR", "%.*s: %s", STR_FMT(file->name),
                             is_read ? "is longer than 64 KiB" : "cannot be read");
}

static enum err read_policy(const struct policy_files *files, struct policy_file *file,
                            struct problem *problem)
{
    struct problem why = {0};
    struct str text = STR_NONE;
    struct policy_ladder ignored;
    struct json_context context = {.arena = files->arena, .id_key = files->id_key, .problem = &why};
    TRY(read_text(files, file, &text, problem));
    if (record_from_json(&context, &policy_record, text, &file->policy, NULL) != OK ||
        policy_form_check(files->arena, &file->policy, &ignored, &why) != OK) {
        return say(problem, file, &why);
    }
    return OK;
}

static enum err refuse_same_name(const struct policy_files *files, size_t index,
                                 struct problem *problem)
{
    const struct policy_file *file = &files->items[index];
    for (size_t i = 0; i < index; i++) {
        if (str_equal(files->items[i].policy.name, file->policy.name)) {
            return problem_set(problem, E_INVALID, "POLICIES_DIR",
                               "%.*s: name: \"%.*s\" is the name in %.*s too", STR_FMT(file->name),
                               STR_FMT(file->policy.name), STR_FMT(files->items[i].name));
        }
    }
    return OK;
}

static int is_policy_file(const struct dirent *entry)
{
    struct str name = str_from(entry->d_name);
    return !str_starts(name, STR(".")) && str_ends(name, STR(".json"));
}

static enum err list_files(struct policy_files *files, struct problem *problem)
{
    struct dirent **entries = NULL;
    int count =
        scandir(arena_cstr(files->arena, files->folder), &entries, is_policy_file, alphasort);
    if (count < 0) {
        return problem_set(problem, E_INVALID, "POLICIES_DIR", "the folder %.*s cannot be read",
                           STR_FMT(files->folder));
    }
    files->count = (size_t)count;
    files->items = ARENA_NEW_ARRAY(files->arena, struct policy_file, files->count);
    for (int i = 0; i < count; i++) {
        files->items[i].name = arena_str(files->arena, str_from(entries[i]->d_name));
        free(entries[i]);
    }
    free(entries);
    return files->count <= FILES_MAX ? OK
                                     : problem_set(problem, E_INVALID, "POLICIES_DIR",
                                                   "the folder has more than %d files", FILES_MAX);
}

static enum err read_files(struct policy_files *files, struct problem *problem)
{
    TRY(list_files(files, problem));
    for (size_t i = 0; i < files->count; i++) {
        TRY(read_policy(files, &files->items[i], problem));
        TRY(refuse_same_name(files, i, problem));
    }
    return OK;
}

enum err policy_files_check(struct str folder, struct problem *problem)
{
    if (folder.len == 0) {
        return OK;
    }
    struct policy_files files = {.arena = arena_new(), .folder = folder};
    enum err err = read_files(&files, problem);
    arena_free(&files.arena);
    return err;
}

/* One operation: all files or none. */
struct files_work {
    struct work work;
    const struct policy_files *files;
    int64_t changed;
    struct problem problem;
};

static enum err put_all(struct work *work, struct op *op)
{
    struct files_work *putting = (struct files_work *)work;
    putting->changed = 0;
    for (size_t i = 0; i < putting->files->count; i++) {
        struct policy_file *file = &putting->files->items[i];
        struct policy ignored = {0};
        bool is_changed = false;
        enum err err = policy_put(op, &file->policy, &ignored, &is_changed);
        if (err != OK) {
            op->problem->err = err;
            return say(&putting->problem, file, op->problem);
        }
        putting->changed += is_changed;
    }
    return OK;
}

static void end_putting(struct work *work, enum err err, const struct problem *problem)
{
    struct files_work *putting = (struct files_work *)work;
    work->err = err;
    if (err != OK && putting->problem.message[0] == '\0') {
        putting->problem = *problem;
    }
}

static enum err put_files(const struct policy_files *files, struct plant *plant,
                          struct executor *executor, struct problem *problem)
{
    struct files_work putting = {
        .work = {.arena = files->arena,
                 .actor = {.name = STR("file"), .scope = key_scope_ADMIN},
                 .run = put_all,
                 .done = end_putting},
        .files = files,
    };
    executor_turn(executor, &putting.work);
    if (putting.work.err != OK) {
        *problem = putting.problem;
        return putting.work.err;
    }
    log_write(&plant->log, LOG_INFO, LOG_RULE_ENGINE, STR_NONE,
              "policies read: %zu files, %lld of them new or changed", files->count,
              (long long)putting.changed);
    return OK;
}

enum err policy_files_enforce(struct plant *plant, struct executor *executor,
                              struct problem *problem)
{
    if (plant->config.policies_dir.len == 0) {
        return OK;
    }
    struct policy_files files = {
        .arena = arena_new(), .id_key = plant->site.id_key, .folder = plant->config.policies_dir};
    enum err err = read_files(&files, problem);
    if (err == OK) {
        err = put_files(&files, plant, executor, problem);
    }
    arena_free(&files.arena);
    return err;
}
