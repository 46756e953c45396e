#include "service/data_key.h"

#include "cli/ask_server.h"
#include "cli/command.h"
#include "cli/store_work.h"
#include "model/json.h"

#include <stdio.h>
#include <time.h>

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

static enum err ask(struct store_work *work, const char *method, const char *path,
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
static enum err rotate_at_server(struct store_work *work, struct data_key_state *out)
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

static enum err begin(struct op *op, const void *input, void *output)
{
    struct data_key_state *state = output;
    TRY(show_data_key(op, input, state));
    return state->is_changing ? OK : rotate_data_key(op, input, state);
}

static enum err go_on(struct op *op, const void *input, void *output)
{
    struct duration wait = SECONDS(0);
    bool is_over = false;
    TRY(data_key_step(op, &wait, &is_over));
    return show_data_key(op, input, output);
}

/* Where no server runs nobody has to be waited for. */
static enum err rotate_alone(struct store_work *work, struct data_key_state *out)
{
    TRY(store_work_change(work, begin, NULL, out));
    do {
        TRY(store_work_change(work, go_on, NULL, out));
    } while (out->is_changing);
    return OK;
}

static enum err run(struct store_work *work, bool shows, struct data_key_state *out)
{
    TRY(store_work_open(work, shows ? PLANT_READ_ONLY : PLANT_ALONE));
    return shows                   ? show_data_key(&work->op, NULL, out)
           : work->plant.is_beside ? rotate_at_server(work, out)
                                   : rotate_alone(work, out);
}

enum exit_code run_rotate_data(const struct arguments *arguments)
{
    struct store_work work = {0};
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
