/* The quick reader against the careful one: whatever it takes, the other takes with the same
 * result. */
#include "base/rng.h"
#include "json_fixture.h"
#include "model/json_reading.h"
#include "model/records.h"

enum { ROUNDS = 200000, MUTATIONS_MAX = 2, TEXT_MAX = 1200 };

union any_record {
    struct person person;
    struct order order;
    struct crate crate;
    struct search search;
    struct agent_preview_input foreign;
};

struct document {
    const struct record *record;
    const char *text;
};

static const struct document documents[] = {
    {&person_record,
     "{\"name\":\"Ana\",\"phone\":\"+14155550101\",\"age\":150,\"score\":-12,\"active\":false,"
     "\"seenAt\":\"2026-01-05T14:30:00.123+05:30\",\"colour\":\"DARK_BLUE\","
     "\"managerId\":\"0197b6f2-0d3a-7000-8000-000000000001\","
     "\"quietHours\":{\"end\":\"07:30\",\"start\":\"21:00\"},\"guests\":[{\"name\":\"Bo\"},"
     "{\"name\":\"Cy\",\"comesAt\":\"2026-01-05T09:00:00Z\",\"colour\":\"RED\"}],"
     "\"badge\":{\"code\":9,\"lost\":true},\"secret\":\"\"}"},
    {&person_record, " { \"name\" : \"A\\n\\\"\\/\\\\\\t\xc3\xa9\" , \"age\" : null ,\r\n\t"
                     "\"quietHours\" : { \"start\" : \"21:00\" } , \"guests\" : [ ] , "
                     "\"badge\" : null , \"score\" : 0 } "},
    {&order_record, "{\"contact\":{\"name\":\"Ana\",\"floor\":3},\"billing\":{\"name\":null,"
                    "\"note\":\"x\"}}"},
    {&crate_record, "{\"tags\":[1,2,9]}"},
    {&agent_preview_input_record, "{\"metadata\":{\"name\":\"A\xc3\xa9\",\"n\":12,\"m\":-7,\"z\":0,"
                                  "\"t\":true,\"f\":false,\"o\":null,\"\":\"\"},\"version\":1}"},
    {&agent_preview_input_record, " { \"metadata\" : { \"a.b\" : \"x/y\" , \"c\" : 1 } } "},
    {&agent_preview_input_record, "{\"metadata\":{}}"},
};

/* What a mutation puts in. */
static const char *const pieces[] = {
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    " ",
    "\n",
    "\\u0041",
    "\\u",
    "null",
    "true",
    "false",
    "0",
    "00",
    "-",
    "1.5",
    "1e3",
    "-0",
    "\xc3\xa9",
    "\xff",
    "\x01",
    "é",
    "\"name\":",
    "\"colour\"",
    "\"x\":1",
    "\"A\"",
    "\"guests\"",
    "quietHours",
    ".start",
    "\"",
    "\\n",
    "\xed\xa0\x80",
    "999999999999999999",
    "9223372036854775808",
    "\"age\":1,",
};

struct mutant {
    char text[TEXT_MAX + 64];
    size_t len;
};

static size_t below(struct rng *rng, size_t bound)
{
    return (size_t)rng_below(rng, bound);
}

/* Replaces `cut` bytes at a place by a piece. */
static void splice(struct mutant *mutant, size_t at, size_t cut, struct str piece)
{
    cut = cut > mutant->len - at ? mutant->len - at : cut;
    if (mutant->len - cut + piece.len > TEXT_MAX) {
        return;
    }
    memmove(mutant->text + at + piece.len, mutant->text + at + cut, mutant->len - at - cut);
    memcpy(mutant->text + at, piece.ptr, piece.len);
    mutant->len = mutant->len - cut + piece.len;
}

static void mutate(struct rng *rng, struct mutant *mutant)
{
    size_t at = below(rng, mutant->len + 1);
    size_t from = below(rng, mutant->len + 1);
    size_t len = below(rng, 24);
    char copy[24];
    switch (below(rng, 4)) {
    case 0:
        splice(mutant, at, below(rng, 3), str_from(pieces[below(rng, ARRAY_LENGTH(pieces))]));
        return;
    case 1:
        splice(mutant, at, 1 + below(rng, 12), STR(""));
        return;
    case 2:
        len = len > mutant->len - from ? mutant->len - from : len;
        memcpy(copy, mutant->text + from, len);
        splice(mutant, at, below(rng, 24), (struct str){copy, len});
        return;
    default:
        splice(mutant, at, 0, STR(" "));
    }
}

static struct str written(const struct json_context *context, const struct record *record,
                          const union any_record *object)
{
    struct buf out = {.arena = context->arena};
    record_to_json(context, &out, record, object);
    return buf_str(&out);
}

/* True where the quick one took it. */
static bool check_agreement(struct fixture *f, const struct record *record, struct str text)
{
    union any_record quick;
    union any_record careful;
    struct presence quick_given = {0};
    struct presence given = {0};
    f->problem = (struct problem){0};
    bool is_taken = json_read_quickly(&f->context, record, text, &quick, &quick_given);
    assert_int_equal(f->problem.err, OK);
    if (!is_taken) {
        return false;
    }
    if (json_read_carefully(&f->context, record, text, &careful, &given) != OK) {
        fail_msg("only the quick one takes <%.*s>: %s", STR_FMT(text), f->problem.message);
    }
    struct str one = written(&f->context, record, &quick);
    struct str other = written(&f->context, record, &careful);
    if (!str_equal(one, other) || quick_given.bits != given.bits) {
        fail_msg("<%.*s> is <%.*s> quickly and <%.*s> carefully", STR_FMT(text), STR_FMT(one),
                 STR_FMT(other));
    }
    return true;
}

static void test_takes_what_is_usual(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LENGTH(documents); i++) {
        assert_true(check_agreement(f, documents[i].record, str_from(documents[i].text)));
    }
}

static void test_leaves_the_rest_to_the_careful_one(void **state)
{
    static const char *const texts[] = {
        "",
        "null",
        "[]",
        "{",
        "{\"name\":\"A\"",
        "{\"name\":\"A\"} x",
        "{\"name\":\"A\",}",
        "{\"name\":\"A\",\"name\":\"A\"}",
        "{\"name\":\"A\",\"quietHours\":{},\"quietHours\":{}}",
        "{\"name\":\"A\",\"age\":01}",
        "{\"name\":\"A\",\"age\":1.0}",
        "{\"name\":\"A\",\"age\":- 1}",
        "{\"name\":\"A\",\"unknown\":1}",
        "{\"name\":\"A\",\"quietHours.start\":\"21:00\"}",
        "{\"name\":\"\\ud800\"}",
        "{\"name\":\"A\\",
        "{\"n\\u0061me\":\"A\"}",
        "{\"age\":1}",
        "{\"name\":\"A\",\"id\":\"0197b6f2-0d3a-7000-8000-000000000001\"}",
        "{\"name\":\"A\",\"guests\":[{\"name\":\"B\"},{\"name\":\"B\"},{\"name\":\"B\"},"
        "{\"name\":\"B\"}]}",
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        if (check_agreement(f, &person_record, str_from(texts[i]))) {
            fail_msg("<%s> was taken quickly", texts[i]);
        }
    }
    assert_false(check_agreement(f, &person_record, (struct str){"{\"name\":\"A\0\"}", 13}));
}

static void test_agrees_on_damaged_documents(void **state)
{
    struct fixture *f = *state;
    struct rng rng = rng_from_seed(20261121);
    size_t taken = 0;
    for (size_t round = 0; round < ROUNDS; round++) {
        const struct document *document = &documents[round % ARRAY_LENGTH(documents)];
        struct mutant mutant = {.len = strlen(document->text)};
        memcpy(mutant.text, document->text, mutant.len);
        for (size_t i = below(&rng, MUTATIONS_MAX) + 1; i > 0; i--) {
            mutate(&rng, &mutant);
        }
        f->context.is_partial = round % 2 == 1;
        taken += check_agreement(f, document->record, (struct str){mutant.text, mutant.len});
        arena_reset(f->arena);
    }
    /* The comparison means nothing where nearly all is refused. */
    assert_true(taken > ROUNDS / 20 && taken < ROUNDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_takes_what_is_usual, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_leaves_the_rest_to_the_careful_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_agrees_on_damaged_documents, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
