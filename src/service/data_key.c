#include "service/data_key.h"

#include "service/engine.h"
#include "store/data_key.h"
#include "store/settings.h"

/* Requests that were hashed just before still come through before the first row is changed; and
 * what says that no row of the old key is left is on the disk before its file is moved. */
enum { FIRST_WAIT_SECONDS = 1, WAIT_SECONDS = 5, LINK_DAYS = 30 };

static const struct id whole_house = {1};

static bool is_changing(const struct data_key_change *change)
{
    return change->phase != KEY_CHANGE_NONE && change->phase != KEY_CHANGE_DONE;
}

static void fill_state(const struct op *op, const struct data_key_change *change,
                       struct data_key_state *out)
{
    bool is_walking = change->phase == KEY_CHANGE_RUNS && !str_equal(change->table, STR("-"));
    /* Until the first portion the present key is still in use; the next one is written down. */
    bool is_ahead = change->phase == KEY_CHANGE_BEGUN && !seal_has_before(op->site->seal);
    *out = (struct data_key_state){
        .number = seal_number(op->site->seal) + is_ahead,
        .is_changing = is_changing(change),
        .begun_at = change->begun_at,
        .ended_at = change->ended_at,
        .pass = change->pass,
        .table = is_walking ? change->table : STR_NONE,
        .rows = change->rows,
        .unreadable = change->unreadable,
    };
}

enum err show_data_key(struct op *op, const void *input, void *output)
{
    (void)input;
    struct data_key_change change = {.phase = KEY_CHANGE_NONE};
    TRY(op_may_administer(op));
    TRY(data_key_change_get(op->db, op->arena, &change));
    fill_state(op, &change, output);
    return OK;
}

static enum err audit(struct op *op, const char *action, const struct data_key_change *change)
{
    struct data_key_state state = {0};
    fill_state(op, change, &state);
    return op_audit(
        op, (struct audit_entry){.action = action,
                                 .subject_type = subject_type_SYSTEM,
                                 .after = op_record_text(op, &data_key_state_record, &state)});
}

static enum err arm(struct op *op, struct duration wait)
{
    return timer_arm(op, (struct timer_request){timer_kind_RESEAL, whole_house,
                                                instant_add(op->now, wait), PRIORITY_LOW});
}

static struct instant links_until(const struct data_key_change *change)
{
    return instant_add(change->begun_at, DAYS(LINK_DAYS));
}

static enum err check_request(struct op *op, struct data_key_change *change)
{
    const struct data_key_port *port = &op->site->data_keys;
    TRY(op_may_administer(op));
    TRY(data_key_change_get(op->db, op->arena, change));
    if (is_changing(change)) {
        return op_fail(op, E_CONFLICT, NULL, "the data key is being changed already");
    }
    if (port->next == NULL) {
        return op_fail(op, E_OPERATION, NULL, "the data key cannot be changed here");
    }
    return seal_number(op->site->seal) + 1 < DATA_KEY_NUMBER_MAX
               ? OK
               : op_fail(op, E_OPERATION, NULL,
                         "the data key was changed %d times; a new store, filled from an export, "
                         "begins anew",
                         DATA_KEY_NUMBER_MAX - 2);
}

enum err rotate_data_key(struct op *op, const void *input, void *output)
{
    (void)input;
    struct data_key_change change = {.phase = KEY_CHANGE_NONE};
    struct str check = STR_NONE;
    const struct data_key_port *port = &op->site->data_keys;
    TRY(check_request(op, &change));
    TRY(port->next(port->context, op->arena, &check, op->problem));
    change = (struct data_key_change){.phase = KEY_CHANGE_BEGUN,
                                      .check_before = seal_check(op->site->seal, op->arena),
                                      .begun_at = op->now,
                                      .pass = 1,
                                      .table = STR("-")};
    TRY(data_key_begin(op->db, op->arena, check, links_until(&change)));
    TRY(data_key_change_put(op->db, op->arena, &change));
    fill_state(op, &change, output);
    TRY(audit(op, "DATA_KEY_CHANGE_BEGUN", &change));
    op_log(op, LOG_INFO, LOG_STORE, "a new data key takes the place of the one in use");
    return arm(op, SECONDS(FIRST_WAIT_SECONDS));
}

/* What was written down is durable by now: from here on the new key seals. */
static enum err turn(struct op *op, struct data_key_change *change)
{
    struct str check = STR_NONE;
    if (!seal_has_before(op->site->seal)) {
        TRY(settings_get(op->db, op->arena, STR("data.key.check"), &check));
        TRY(seal_turn(op->site->seal, check, links_until(change)));
    }
    change->phase = KEY_CHANGE_RUNS;
    return OK;
}

/* What a walk has left behind was written by a request that came before the turn: the last walk
 * finds nothing. */
static enum err walk(struct op *op, struct data_key_change *change)
{
    bool is_over = false;
    TRY(reseal_portion(op->db, op->arena, change, &is_over));
    if (is_over && change->pass > 1 && change->pass_count == 0) {
        change->phase = KEY_CHANGE_READ;
    } else if (is_over) {
        change->pass++;
        change->pass_count = 0;
    }
    return OK;
}

static enum err end(struct op *op, struct data_key_change *change)
{
    const struct data_key_port *port = &op->site->data_keys;
    if (port->retire != NULL) {
        TRY(port->retire(port->context, seal_number(op->site->seal) - 1, op->problem));
    }
    seal_drop_before(op->site->seal);
    change->phase = KEY_CHANGE_DONE;
    change->ended_at = op->now;
    op_log(op, LOG_INFO, LOG_STORE, "the data key was changed: %lld rows were sealed anew",
           (long long)change->rows);
    return audit(op, "DATA_KEY_CHANGED", change);
}

enum err data_key_step(struct op *op, struct duration *wait, bool *is_over)
{
    struct data_key_change change = {.phase = KEY_CHANGE_NONE};
    TRY(data_key_change_get(op->db, op->arena, &change));
    *wait = SECONDS(0);
    *is_over = !is_changing(&change);
    switch (change.phase) {
    case KEY_CHANGE_NONE:
    case KEY_CHANGE_DONE:
        return OK;
    case KEY_CHANGE_BEGUN:
        TRY(turn(op, &change));
        *wait = SECONDS(WAIT_SECONDS);
        break;
    case KEY_CHANGE_RUNS:
        TRY(walk(op, &change));
        *wait = SECONDS(change.phase == KEY_CHANGE_READ ? WAIT_SECONDS : 0);
        break;
    case KEY_CHANGE_READ:
        TRY(end(op, &change));
        *is_over = true;
        break;
    }
    return data_key_change_put(op->db, op->arena, &change);
}

/* The timer RESEAL. */
enum err reseal_due(struct op *op, struct timer *timer)
{
    struct duration wait = SECONDS(0);
    bool is_over = false;
    TRY(data_key_step(op, &wait, &is_over));
    if (!is_over) {
        timer_run_again(op, timer, instant_add(op->now, wait));
    }
    return OK;
}

enum err data_key_arm(struct op *op)
{
    struct data_key_change change = {.phase = KEY_CHANGE_NONE};
    struct timer timer = {0};
    TRY(data_key_change_get(op->db, op->arena, &change));
    if (!is_changing(&change)) {
        return OK;
    }
    enum err err = timers_of_subject(op->db, op->arena, timer_kind_RESEAL, whole_house, &timer);
    return err != E_NOT_FOUND ? err : arm(op, SECONDS(0));
}
