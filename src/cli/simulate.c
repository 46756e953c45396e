#include "app/rehearsal.h"
#include "cli/command.h"
#include "cli/simulate_table.h"
#include "model/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_BYTES_MAX = 1 << 20, ANSWERS_MAX = 1000 };

struct simulating {
    struct plant plant;
    struct arena *arena;
    struct problem problem;
    struct simulate_input input;
    struct simulated_answer *answers; /* Those of the file, then those of the command line. */
    size_t answer_count;
    const char *policy; /* A name or a file; NULL for the one that fits. */
    bool is_json;
    bool has_texts;
    bool has_store;
};

static enum err read_text(struct simulating *simulating, const char *path, struct str *out)
{
    FILE *file = fopen(path, "r");
    char *text = arena_alloc(simulating->arena, FILE_BYTES_MAX);
    size_t len = file == NULL ? 0 : fread(text, 1, FILE_BYTES_MAX, file);
    if (file != NULL) {
        fclose(file);
    }
    *out = (struct str){text, len};
    return len > 0 && len < FILE_BYTES_MAX
               ? OK
               : problem_set(&simulating->problem, E_INVALID, NULL, "%s cannot be read", path);
}

static enum err read_record(struct simulating *simulating, const char *path,
                            const struct record *record, void *out)
{
    struct str text = STR_NONE;
    struct json_context context = {.arena = simulating->arena,
                                   .id_key = simulating->plant.site.id_key,
                                   .problem = &simulating->problem};
    TRY(read_text(simulating, path, &text));
    return record_from_json(&context, record, text, out, NULL);
}

/* Somebody who is made up, where nobody is named. */
static const struct user *made_up(struct arena *arena)
{
    struct user *user = ARENA_NEW(arena, struct user);
    *user = (struct user){.name = STR("Alex"),
                          .email = STR("alex@example.com"),
                          .phone = STR("+14155550100"),
                          .call_opt_in = true,
                          .calendar_enabled = true};
    return user;
}

static bool parse_time(const char *name, const char *text, struct instant *out)
{
    if (text == NULL || instant_parse(str_from(text), out) == OK) {
        return true;
    }
    fprintf(stderr, "tocsin simulate: %s must be a time such as 2026-03-29T01:30:00+01:00\n", name);
    return false;
}

static bool parse_channel(struct str name, int *out)
{
    for (int i = 1; i < channel_COUNT; i++) {
        if (str_equal_nocase(name, str_from(enum_name(&channel_names, i)))) {
            *out = i;
            return true;
        }
    }
    return false;
}

/* [WHO/]CHANNEL[:N]=DO */
static bool parse_answer(const char *text, struct simulated_answer *out)
{
    struct str word = str_from(text);
    size_t equals = str_find_byte(word, '=', 0);
    struct str whom = str_slice(word, 0, equals);
    size_t slash = str_find_byte(whom, '/', 0);
    struct str channel = slash < whom.len ? str_slice(whom, slash + 1, whom.len) : whom;
    size_t colon = str_find_byte(channel, ':', 0);
    bool has_number = colon < channel.len;
    *out = (struct simulated_answer){
        .person = slash < whom.len ? str_slice(whom, 0, slash) : STR_NONE,
        .action = equals < word.len ? str_slice(word, equals + 1, word.len) : STR_NONE};
    if (str_is_set(out->action) && parse_channel(str_slice(channel, 0, colon), &out->channel) &&
        (!has_number || (str_to_int(str_slice(channel, colon + 1, channel.len), &out->nth) == OK &&
                         out->nth > 0))) {
        return true;
    }
    fprintf(stderr,
            "tocsin simulate: --answer must be like \"call=press 1\", \"Anna/sms:2=reply yes\"\n");
    return false;
}

static bool take_answers(const struct arguments *arguments, struct simulating *simulating)
{
    const char *text = NULL;
    simulating->answers =
        ARENA_NEW_ARRAY(simulating->arena, struct simulated_answer, 2 * ANSWERS_MAX);
    while ((text = take_option(arguments, "--answer")) != NULL) {
        if (simulating->answer_count == ANSWERS_MAX ||
            !parse_answer(text, &simulating->answers[simulating->answer_count++])) {
            return false;
        }
    }
    return true;
}

/* What stands on the command line goes before what stands in the file. */
static bool take_options(const struct arguments *arguments, struct simulating *simulating,
                         const char *file)
{
    struct simulate_input *input = &simulating->input;
    if (file != NULL && read_record(simulating, file, &simulate_input_record, input) != OK) {
        say_problem(file, &simulating->problem);
        return false;
    }
    const struct simulated_answer *given = input->answers.items;
    if (!parse_time("--start", take_option(arguments, "--start"), &input->start) ||
        !parse_time("--until", take_option(arguments, "--until"), &input->until) ||
        !take_answers(arguments, simulating)) {
        return false;
    }
    for (size_t i = 0; i < input->answers.count && i < ANSWERS_MAX; i++) {
        simulating->answers[simulating->answer_count++] = given[i];
    }
    input->answers = (struct list){simulating->answers, simulating->answer_count};
    if (input->user == NULL && !id_is_set(input->user_id)) {
        input->user = made_up(simulating->arena);
    }
    return true;
}

static bool is_file(const char *policy)
{
    return strchr(policy, '/') != NULL || str_ends(str_from(policy), STR(".json"));
}

static enum err choose_policy(struct simulating *simulating, struct rehearsal_order *order)
{
    struct simulate_input *input = &simulating->input;
    order->input = input;
    if (simulating->policy != NULL && is_file(simulating->policy)) {
        struct policy *policy = ARENA_NEW(simulating->arena, struct policy);
        input->policy = policy;
        return read_record(simulating, simulating->policy, &policy_record, policy);
    }
    order->policy = simulating->policy != NULL  ? str_from(simulating->policy)
                    : input->meetings.count > 0 ? STR("missed-meeting")
                                                : STR("default");
    return OK;
}

static enum err rehearse(struct simulating *simulating, struct simulation *out)
{
    struct plant *plant = &simulating->plant;
    struct rehearsal_order order = {0};
    struct op op = {.now = plant_now(plant),
                    .arena = simulating->arena,
                    .db = plant->db,
                    .site = &plant->site,
                    .actor = {.name = STR("cli"), .scope = key_scope_ADMIN},
                    .problem = &simulating->problem};
    TRY(choose_policy(simulating, &order));
    return rehearsal_run(&plant->site, &op, &order, out);
}

static void print_json(const struct simulating *simulating, const struct simulation *simulation)
{
    struct buf text = {.arena = simulating->arena};
    struct json_context context = {.arena = simulating->arena,
                                   .id_key = simulating->plant.site.id_key};
    record_to_json(&context, &text, &simulation_record, simulation);
    printf("%.*s\n", STR_FMT(buf_str(&text)));
}

/* Whoever scripts an answer wants to know whether it was enough. */
static enum exit_code judge(const struct simulating *simulating,
                            const struct simulation *simulation)
{
    const struct simulated_end *ends = simulation->incidents.items;
    bool is_open = false;
    for (size_t i = 0; i < simulation->incidents.count; i++) {
        is_open = is_open || ends[i].state == incident_state_OPEN ||
                  ends[i].state == incident_state_ESCALATING;
    }
    bool is_unanswered = simulating->input.answers.count > 0 && is_open;
    bool is_unheard = simulation->incidents.count > 0 && simulation->reached.count == 0;
    return is_unanswered || is_unheard ? EXIT_FOUND : EXIT_DONE;
}

static enum err open_plant(struct simulating *simulating)
{
    struct plant *plant = &simulating->plant;
    plant->log.least = LOG_ERROR;
    return simulating->has_store ? plant_open(plant, PLANT_READ_ONLY, &simulating->problem)
                                 : plant_check(plant, &simulating->problem);
}

static enum exit_code simulate(const struct arguments *arguments, struct simulating *simulating)
{
    struct simulation simulation = {0};
    const char *file = take_option(arguments, "--file");
    simulating->policy = take_option(arguments, "--policy");
    simulating->is_json = take_flag(arguments, "--json");
    simulating->has_texts = take_flag(arguments, "--texts");
    if (open_plant(simulating) != OK) {
        say_problem("simulate", &simulating->problem);
        return EXIT_FAILED;
    }
    if (!take_options(arguments, simulating, file) ||
        !all_taken(arguments, command_named("simulate"))) {
        return EXIT_USAGE;
    }
    if (rehearse(simulating, &simulation) != OK) {
        say_problem("simulate", &simulating->problem);
        return EXIT_FAILED;
    }
    if (simulating->is_json) {
        print_json(simulating, &simulation);
    } else {
        print_simulation(&simulation, simulating->has_texts);
    }
    return judge(simulating, &simulation);
}

static bool has_word(const struct arguments *arguments, const char *wanted)
{
    for (int i = 0; i < arguments->count; i++) {
        if (arguments->words[i] != NULL && strcmp(arguments->words[i], wanted) == 0) {
            return true;
        }
    }
    return false;
}

enum exit_code run_simulate(const struct arguments *arguments)
{
    struct simulating simulating = {0};
    bool has_file = has_word(arguments, "--config");
    if (!load_plant(arguments, &simulating.plant)) {
        return EXIT_USAGE;
    }
    /* A store is read where one is named; what comes built in needs none. */
    simulating.has_store = has_file || simulating.plant.config.database_url.len > 0;
    simulating.arena = arena_new();
    enum exit_code code = simulate(arguments, &simulating);
    arena_free(&simulating.arena);
    plant_close(&simulating.plant);
    return code;
}
