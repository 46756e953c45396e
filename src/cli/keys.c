#include "service/keys.h"
#include "cli/ask_server.h"
#include "cli/command.h"
#include "cli/store_work.h"
#include "model/json.h"

#include <stdio.h>

struct key_words {
    const char *create; /* The name, or NULL. */
    const char *revoke; /* The id, or NULL. */
    const char *rotate; /* The id, or NULL. */
    const char *scope;
    const char *expires;
    bool lists;
    bool is_json;
};

/* Where no server runs it is one operation on the store, else one that the server is asked for. */
static bool has_server(const struct store_work *work)
{
    return work->plant.is_beside;
}

/* What makes a key: the answer shows it, this once. */
static enum err make_at_server(struct store_work *work, struct str path, struct str body,
                               struct api_key *key)
{
    const struct json_node *data = NULL;
    struct server_request request = {
        .method = "POST", .path = path, .body = body, .listen = work->plant.config.listen};
    TRY(ask_server(&work->op, &request, &data));
    key->key = json_tree_text(data, "key");
    return str_is_set(key->key)
               ? OK
               : op_fail(&work->op, E_INTERNAL, NULL, "the server has shown no key");
}

static enum err create_at_server(struct store_work *work, const struct key_input *input,
                                 struct api_key *key)
{
    struct buf body = {.arena = work->op.arena};
    struct json_context context = {.arena = work->op.arena, .id_key = work->plant.site.id_key};
    record_to_json(&context, &body, &key_input_record, input);
    return make_at_server(work, STR("/api/v1/keys"), buf_str(&body), key);
}

static enum err revoke_at_server(struct store_work *work, const char *id)
{
    const struct json_node *data = NULL;
    struct server_request request = {.method = "DELETE",
                                     .path = arena_printf(work->op.arena, "/api/v1/keys/%s", id),
                                     .body = STR_NONE,
                                     .listen = work->plant.config.listen};
    return ask_server(&work->op, &request, &data);
}

static enum err read_scope(struct store_work *work, const char *text, int *out)
{
    char upper[16] = "";
    for (size_t i = 0; text != NULL && text[i] != '\0' && i + 1 < sizeof upper; i++) {
        bool is_small = text[i] >= 'a' && text[i] <= 'z';
        upper[i] = (char)(is_small ? text[i] - 'a' + 'A' : text[i]);
    }
    bool is_known = enum_parse(&key_scope_names, str_from(upper), out) == OK;
    return is_known && *out != key_scope_USER
               ? OK
               : problem_set(&work->problem, E_INVALID, "--scope",
                             "must be admin, operator, responder or reader");
}

static enum err read_expiry(struct store_work *work, const char *text, struct instant *out)
{
    return text == NULL || instant_parse(str_from(text), out) == OK
               ? OK
               : problem_set(&work->problem, E_INVALID, "--expires",
                             "must be a time such as 2027-01-05T09:00:00Z");
}

static void show_secret(const struct api_key *key)
{
    fprintf(stderr, "This key is shown this once:\n");
    printf("%.*s\n", STR_FMT(key->key));
}

static enum err create(struct store_work *work, const char *name, const struct key_words *words)
{
    struct key_input input = {.name = str_from(name)};
    struct api_key key = {0};
    TRY(read_scope(work, words->scope, &input.scope));
    TRY(read_expiry(work, words->expires, &input.expires_at));
    if (input.name.len == 0 || input.name.len > 100 || !str_is_utf8(input.name)) {
        return problem_set(&work->problem, E_INVALID, "name", "must have 1 to 100 bytes");
    }
    TRY(store_work_open(work, PLANT_ALONE));
    TRY(has_server(work) ? create_at_server(work, &input, &key)
                         : store_work_change(work, create_key, &input, &key));
    show_secret(&key);
    return OK;
}

/* The key that an id names, in `work->op`. */
static enum err take_id(struct store_work *work, const char *id)
{
    TRY(store_work_open(work, PLANT_ALONE));
    return id_parse(work->plant.site.id_key, str_from(id), &work->op.path_id) == OK
               ? OK
               : op_fail(&work->op, E_NOT_FOUND, NULL, "there is no key with the id %s", id);
}

static enum err revoke(struct store_work *work, const char *id)
{
    struct removed removed = {0};
    TRY(take_id(work, id));
    TRY(has_server(work) ? revoke_at_server(work, id)
                         : store_work_change(work, revoke_key, NULL, &removed));
    printf("%s is revoked; a server refuses it within a second\n", id);
    return OK;
}

static enum err rotate_at_server(struct store_work *work, const char *id, struct api_key *key)
{
    return make_at_server(work, arena_printf(work->op.arena, "/api/v1/keys/%s/rotate", id),
                          STR_NONE, key);
}

static enum err rotate(struct store_work *work, const char *id)
{
    struct api_key key = {0};
    TRY(take_id(work, id));
    TRY(has_server(work) ? rotate_at_server(work, id, &key)
                         : store_work_change(work, rotate_key, NULL, &key));
    show_secret(&key);
    return OK;
}

static struct str day_of(struct instant at, char text[static INSTANT_TEXT_MAX])
{
    return instant_is_set(at) ? instant_format(at, text) : STR("-");
}

static void show_key(const struct op *op, const struct api_key *key)
{
    char created[INSTANT_TEXT_MAX];
    char ends[INSTANT_TEXT_MAX];
    bool is_revoked = instant_is_set(key->revoked_at);
    bool is_over = instant_is_set(key->expires_at) && !instant_before(op->now, key->expires_at);
    struct str prefix = str_is_set(key->prefix) ? key->prefix : STR("-");
    printf("%.*s  %-8s  %-7s  %-12.*s  %.*s  %-24.*s  %.*s\n", STR_FMT(op_id_text(op, key->id)),
           enum_name(&key_scope_names, key->scope),
           is_revoked ? "revoked"
           : is_over  ? "ended"
                      : "good",
           STR_FMT(prefix), STR_FMT(day_of(key->created_at, created)),
           STR_FMT(day_of(key->expires_at, ends)), STR_FMT(key->name));
}

static void show_keys(struct store_work *work, const struct api_key_list *page, bool is_json)
{
    const struct api_key *keys = page->keys.items;
    for (size_t i = 0; i < page->keys.count && !is_json; i++) {
        show_key(&work->op, &keys[i]);
    }
    for (size_t i = 0; i < page->keys.count && is_json; i++) {
        struct json_context context = {.arena = work->op.arena, .id_key = work->plant.site.id_key};
        struct buf text = {.arena = work->op.arena};
        record_to_json(&context, &text, &api_key_record, &keys[i]);
        printf("%.*s\n", STR_FMT(buf_str(&text)));
    }
}

static enum err list(struct store_work *work, bool is_json)
{
    struct key_list_input input = {.limit = 1000};
    struct api_key_list page = {0};
    TRY(store_work_open(work, PLANT_READ_ONLY));
    do {
        page = (struct api_key_list){0};
        TRY(list_keys(&work->op, &input, &page));
        show_keys(work, &page, is_json);
        input.cursor = page.cursor;
    } while (str_is_set(page.cursor));
    return OK;
}

static enum err run(struct store_work *work, const struct key_words *words)
{
    return words->create != NULL   ? create(work, words->create, words)
           : words->revoke != NULL ? revoke(work, words->revoke)
           : words->rotate != NULL ? rotate(work, words->rotate)
                                   : list(work, words->is_json);
}

enum exit_code run_keys(const struct arguments *arguments)
{
    struct store_work work = {0};
    const struct command *command = command_named("keys");
    enum exit_code code = EXIT_USAGE;
    if (take_flag(arguments, "rotate-data")) {
        return run_rotate_data(arguments);
    }
    struct key_words words = {.create = take_option(arguments, "create"),
                              .revoke = take_option(arguments, "revoke"),
                              .rotate = take_option(arguments, "rotate"),
                              .lists = take_flag(arguments, "list"),
                              .is_json = take_flag(arguments, "--json"),
                              .scope = take_option(arguments, "--scope"),
                              .expires = take_option(arguments, "--expires")};
    if ((words.create != NULL) + (words.revoke != NULL) + (words.rotate != NULL) + words.lists !=
        1) {
        fprintf(stderr, "usage: tocsin keys %s\n", command->usage);
        return EXIT_USAGE;
    }
    if (!load_plant(arguments, &work.plant)) {
        return EXIT_USAGE;
    }
    if (all_taken(arguments, command)) {
        enum err err = run(&work, &words);
        code = err == OK ? EXIT_DONE : EXIT_FAILED;
    }
    if (code == EXIT_FAILED) {
        say_problem("keys", &work.problem);
    }
    plant_close(&work.plant);
    return code;
}
