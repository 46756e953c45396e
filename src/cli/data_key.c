#include "service/data_key.h"

#include "cli/ask_server.h"
#include "cli/command.h"
#include "model/json.h"

#include <stdio.h>
#include <time.h>

struct rotation {
    struct plant plant;
    struct writer writer;
    struct problem problem;
    struct op op;
};

static enum err open_store(struct rotation *work, enum plant_use use)
{
    struct plant *plant = &work->plant;
    TRY(plant_open(plant, use, &work->problem));
    work->op = (struct op){.now = plant_now(plant),
                           .arena = plant->config.arena,
                           .db = plant->db,
                           .site = &plant->site,
                           .writer = &work->writer,
                           .actor = {.name = STR("cli"), .scope = key_scope_ADMIN},
                           .problem = &work->problem};
    return OK;
}

static void show(const struct data_key_state *state)
{
    printf("Data key %lld: ", (long long)state->number);
    if (!instant_is_set(state->begun_at)) {
        printf("it was never changed.\n");
        return;
    }
    printf(state->is_changing ? "it is taking the place of the one before; "
                              : "it has taken the place of the one before; ");
    printf("%lld rows sealed anew, %lld values that opened under no key.\n", (long long)state->rows,
           (long long)state->unreadable);
}

static enum err ask(struct rotation *work, const char *method, const char *path,
                    struct data_key_state *out)
{
    const struct json_node *data = NULL;
    struct server_request request = {.method = method,
                                     .path = str_from(path),
                                     .body = STR_NONE,
                                     .listen = work->plant.config.listen};
    work->op.now = plant_now(&work->plant);
    TRY(ask_server(&work->op, &request, &data));
    const struct json_node *changing = json_tree_member(data, "isChanging");
    bool is_whole = json_tree_int(data, "number", &out->number) &&
                    json_tree_int(data, "rows", &out->rows) &&
                    json_tree_int(data, "unreadable", &out->unreadable) && changing != NULL;
    out->begun_at = work->op.now;
    out->is_changing = is_whole && str_equal(changing->text, STR("true"));
    return is_whole ? OK
                    : op_fail(&work->op, E_INTERNAL, NULL, "the server has not said how it goes");
}

/* The server works; whoever stops waiting stops nothing. */
static enum err rotate_at_server(struct rotation *work, struct data_key_state *out)
{
    struct timespec pause = {.tv_sec = 1};
    TRY(ask(work, "POST", "/api/v1/data-key/rotate", out));
    fprintf(stderr, "The server changes its data key; this may be interrupted, it goes on.\n");
    while (out->is_changing) {
        nanosleep(&pause, NULL);
        TRY(ask(work, "GET", "/api/v1/data-key", out));
    }
    return OK;
}

/* A transaction of its own, in which the audit trail goes on where it ends. */
static enum err in_transaction(struct rotation *work, enum err (*function)(struct rotation *work))
{
    TRY(db_begin(work->op.db));
    enum err err = writer_begin(&work->writer, work->op.db);
    err = err == OK ? function(work) : err;
    err = err == OK ? db_commit(work->op.db) : err;
    if (err != OK) {
        db_rollback(work->op.db);
    }
    return err;
}

static enum err begin(struct rotation *work)
{
    struct data_key_state state = {0};
    TRY(show_data_key(&work->op, NULL, &state));
    return state.is_changing ? OK : rotate_data_key(&work->op, NULL, &state);
}

static enum err go_on(struct rotation *work)
{
    struct duration wait = SECONDS(0);
    bool is_over = false;
    return data_key_step(&work->op, &wait, &is_over);
}

/* Where no server runs nobody has to be waited for. */
static enum err rotate_alone(struct rotation *work, struct data_key_state *out)
{
    TRY(in_transaction(work, begin));
    do {
        TRY(in_transaction(work, go_on));
        TRY(show_data_key(&work->op, NULL, out));
    } while (out->is_changing);
    return OK;
}

static enum err run(struct rotation *work, bool shows, struct data_key_state *out)
{
    TRY(open_store(work, shows ? PLANT_READ_ONLY : PLANT_ALONE));
    return shows                   ? show_data_key(&work->op, NULL, out)
           : work->plant.is_beside ? rotate_at_server(work, out)
                                   : rotate_alone(work, out);
}

enum exit_code run_rotate_data(const struct arguments *arguments)
{
    struct rotation work = {0};
    struct data_key_state state = {0};
    bool shows = take_flag(arguments, "--status");
    if (!load_plant(arguments, &work.plant)) {
        return EXIT_USAGE;
    }
    if (!all_taken(arguments, command_named("keys"))) {
        config_free(&work.plant.config);
        return EXIT_USAGE;
    }
    enum err err = run(&work, shows, &state);
    if (err == OK) {
        show(&state);
    } else {
        say_problem("keys", &work.problem);
    }
    plant_close(&work.plant);
    return err == OK ? EXIT_DONE : EXIT_FAILED;
}
