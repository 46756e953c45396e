#include "service/short_codes.h"

#include "store/inbound.h"

enum { NUMBERS = 99, LETTERS = 26, CODES_BEFORE_CLEANING = 8 };

static const struct duration kept_for = SECONDS_INIT(24 * 3600);

static struct instant made_at(struct id id)
{
    return instant_from_ms(id.value >> ID_COUNTER_BITS);
}

static bool is_open(const struct open_subjects *subjects, struct id subject)
{
    for (size_t i = 0; i < subjects->count; i++) {
        if (id_equal(subjects->items[i].id, subject)) {
            return subjects->items[i].is_live;
        }
    }
    return false;
}

static enum err subjects_of_user(struct op *op, struct id user, struct open_subjects *out)
{
    struct user person = {.id = user};
    struct list people = {&person, 1};
    return open_subjects_add(op, &people, message_target_PERSON, out);
}

static bool is_used(const struct list *codes, struct str code)
{
    for (size_t i = 0; i < codes->count; i++) {
        if (str_equal(((const struct short_code *)codes->items)[i].code, code)) {
            return true;
        }
    }
    return false;
}

static struct str free_code(const struct op *op, const struct list *codes)
{
    for (int i = 0; i < NUMBERS * LETTERS; i++) {
        struct str code = arena_printf(op->arena, "%d%c", i % NUMBERS + 1, 'a' + i / NUMBERS);
        if (!is_used(codes, code)) {
            return code;
        }
    }
    return STR_NONE;
}

/* Codes whose subject is over and that nobody can mean any more become free. */
static enum err forget_old(struct op *op, const struct open_subjects *subjects, struct list *codes)
{
    struct short_code *kept = ARENA_NEW_ARRAY(op->arena, struct short_code, codes->count + 1);
    size_t count = 0;
    for (size_t i = 0; i < codes->count; i++) {
        const struct short_code *code = &((const struct short_code *)codes->items)[i];
        bool is_old = instant_since(op->now, made_at(code->id)).us > kept_for.us;
        if (is_old && !is_open(subjects, code->subject_id)) {
            TRY(short_codes_remove(op->db, code->id));
        } else {
            kept[count++] = *code;
        }
    }
    *codes = (struct list){kept, count};
    return OK;
}

enum err short_code_make(struct op *op, struct id user, struct id subject, struct str *out)
{
    struct list codes = {0};
    struct short_code code = {.user_id = user, .subject_id = subject};
    TRY(short_codes_of_user(op->db, op->arena, user, &codes));
    for (size_t i = 0; i < codes.count; i++) {
        const struct short_code *known = &((const struct short_code *)codes.items)[i];
        if (id_equal(known->subject_id, subject)) {
            *out = known->code;
            return OK;
        }
    }
    if (codes.count >= CODES_BEFORE_CLEANING) {
        struct open_subjects *subjects = ARENA_NEW(op->arena, struct open_subjects);
        TRY(subjects_of_user(op, user, subjects));
        TRY(forget_old(op, subjects, &codes));
    }
    *out = code.code = free_code(op, &codes);
    if (!str_is_set(*out)) {
        return OK;
    }
    code.id = op_new_id(op);
    return db_insert(op->db, TABLE_short_codes, op->arena, &code);
}

/* Asked for each text that goes out, so that it looks at rows only where there is anything. */
enum err short_code_of(struct op *op, struct id user, struct id subject, struct str *out)
{
    bool is_asked = false;
    struct asked_query query = {user, subject, open_subjects_since(op), op->now};
    *out = STR_NONE;
    TRY(asked_elsewhere(op->db, &query, &is_asked));
    return is_asked ? short_code_make(op, user, subject, out) : OK;
}

enum err short_code_find(struct op *op, const struct open_subjects *subjects, struct str code,
                         const struct open_subject **out)
{
    *out = NULL;
    for (size_t i = 0; i < subjects->count; i++) {
        const struct open_subject *subject = &subjects->items[i];
        struct list codes = {0};
        TRY(short_codes_of_user(op->db, op->arena, subject->user, &codes));
        for (size_t j = 0; j < codes.count && *out == NULL; j++) {
            const struct short_code *known = &((const struct short_code *)codes.items)[j];
            bool is_it = id_equal(known->subject_id, subject->id) && str_equal(known->code, code);
            *out = is_it ? subject : NULL;
        }
    }
    return OK;
}
