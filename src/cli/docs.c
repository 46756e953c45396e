#include "api/api.h"
#include "cli/command.h"
#include "cli/documents.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const struct {
    const char *name;
    void (*write)(struct buf *out);
} documents[] = {
    {"api.json", document_api},
    {"config.md", document_config},
    {"states.md", document_states},
    {"errors.md", document_errors},
    {"cli.md", document_cli},
    {"tocsin.1", document_man},
    {"tocsin.bash", document_completion},
    {"tocsin.zsh", document_zsh},
    {"metrics.md", document_metrics},
};

static bool is_folder(const char *path)
{
    struct stat found;
    errno = 0;
    if (stat(path, &found) == 0 && S_ISDIR(found.st_mode)) {
        return true;
    }
    fprintf(stderr, "tocsin docs: %s: %s\n", path, strerror(errno == 0 ? ENOTDIR : errno));
    return false;
}

static bool write_file(const char *path, struct str text)
{
    FILE *file = fopen(path, "w");
    bool is_written = file != NULL && fwrite(text.ptr, 1, text.len, file) == text.len;
    is_written = file != NULL && fclose(file) == 0 && is_written;
    if (!is_written) {
        fprintf(stderr, "tocsin docs: %s cannot be written: %s\n", path, strerror(errno));
    }
    return is_written;
}

static bool is_current(const char *path, struct str text)
{
    struct buf have = {0};
    char piece[4096];
    FILE *file = fopen(path, "r");
    size_t len = 0;
    while (file != NULL && (len = fread(piece, 1, sizeof piece, file)) > 0) {
        buf_add(&have, (struct str){piece, len});
    }
    if (file != NULL) {
        fclose(file);
    }
    bool is_same = file != NULL && str_equal(buf_str(&have), text);
    buf_free(&have);
    if (!is_same) {
        fprintf(stderr, "tocsin docs: %s is not current; run `tocsin docs docs/reference`\n", path);
    }
    return is_same;
}

enum exit_code run_docs(const struct arguments *arguments)
{
    bool is_check = take_flag(arguments, "--check");
    const char *folder = NULL;
    bool is_fine = true;
    for (int i = 0; i < arguments->count && folder == NULL; i++) {
        folder = arguments->words[i];
        arguments->words[i] = NULL;
    }
    if (folder == NULL || !all_taken(arguments, command_named("docs"))) {
        fprintf(stderr, "usage: tocsin docs %s\n", command_named("docs")->usage);
        return EXIT_USAGE;
    }
    if (!is_folder(folder)) {
        return EXIT_FAILED;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(documents); i++) {
        char path[4096];
        struct buf text = {0};
        snprintf(path, sizeof path, "%s/%s", folder, documents[i].name);
        documents[i].write(&text);
        bool is_ok = is_check ? is_current(path, buf_str(&text)) : write_file(path, buf_str(&text));
        is_fine = is_fine && is_ok;
        buf_free(&text);
    }
    return is_fine ? EXIT_DONE : is_check ? EXIT_FOUND : EXIT_FAILED;
}
