#include "sim/scenario_internal.h"

/* What a scenario says to the providers and the handsets behind them, and what it expects of them.
 */

struct account_settings {
    const char *provider;
    const char *settings;
};

static const struct account_settings accounts[] = {
    {"twilio", "TWILIO_ACCOUNT_SID=AC00000000000000000000000000000001 "
               "TWILIO_AUTH_TOKEN=token-of-twilio TWILIO_FROM_NUMBER=+15005550006 "
               "TWILIO_WHATSAPP_FROM=+15005550007"},
    {"plivo", "PLIVO_AUTH_ID=MA000000000000000001 PLIVO_AUTH_TOKEN=token-of-plivo "
              "PLIVO_FROM_NUMBER=+15005550008"},
    {"exotel", "EXOTEL_ACCOUNT_SID=tocsin1 EXOTEL_API_KEY=key-of-exotel "
               "EXOTEL_API_TOKEN=token-of-exotel EXOTEL_CALLER_ID=+918040000001 "
               "EXOTEL_SMS_FROM=TOCSIN EXOTEL_APP_ID=12345"}};

enum err do_account(struct scenario *scenario, struct str rest)
{
    struct str word = STR_NONE;
    TRY(do_config(scenario, STR("TOCSIN_PUBLIC_URL=https://tocsin.test")));
    while (str_is_set(word = words_next(&rest))) {
        size_t i = 0;
        while (i < ARRAY_LENGTH(accounts) && !str_equal_text(word, accounts[i].provider)) {
            i++;
        }
        if (i == ARRAY_LENGTH(accounts)) {
            return scenario_fail(scenario, "there is no provider \"%.*s\"", STR_FMT(word));
        }
        TRY(do_config(scenario, str_from(accounts[i].settings)));
    }
    return OK;
}

enum channel scenario_channel(struct str word)
{
    for (int i = channel_NONE + 1; i < channel_COUNT; i++) {
        if (str_equal_text(word, enum_name(&channel_names, i))) {
            return (enum channel)i;
        }
    }
    return channel_NONE;
}

static enum err say(struct scenario *scenario, struct str sentence)
{
    struct str wrong = STR_NONE;
    TRY(scenario_needs_world(scenario));
    struct world *world = scenario->world;
    if (carrier_say(world->carrier, world_to_carrier(world, world_now(world)), sentence, &wrong) !=
        OK) {
        return scenario_fail(scenario, "%.*s", STR_FMT(wrong));
    }
    world_settle(world);
    return OK;
}

enum err do_carrier(struct scenario *scenario, struct str rest)
{
    return say(scenario, rest);
}

enum err scenario_script_carrier(struct scenario *scenario, struct str number, struct str rest)
{
    return say(scenario,
               arena_printf(scenario->arena, "phone %.*s %.*s", STR_FMT(number), STR_FMT(rest)));
}

enum err do_write(struct scenario *scenario, struct str rest)
{
    struct str who = words_next(&rest);
    struct str after = rest;
    struct str number = scenario_address(scenario, who, words_next(&after));
    return say(scenario,
               arena_printf(scenario->arena, "write %.*s %.*s", STR_FMT(number), STR_FMT(rest)));
}

/* --- Expectations --- */

struct wanted_facts {
    unsigned kinds; /* Bits: 1u << carrier_fact_kind. */
    struct str number;
    struct str pattern; /* Absent for any text. */
};

static int64_t count_facts(const struct scenario *scenario, const struct wanted_facts *wanted,
                           struct buf *seen)
{
    const struct carrier_fact *facts = NULL;
    size_t count = carrier_facts(scenario->world->carrier, &facts);
    bool is_any = str_equal_text(wanted->number, "any");
    int64_t result = 0;
    for (size_t i = 0; i < count; i++) {
        char at[INSTANT_TEXT_MAX];
        const struct carrier_fact *fact = &facts[i];
        if ((wanted->kinds >> fact->kind & 1) == 0 ||
            (!is_any && !str_equal(fact->number, wanted->number))) {
            continue;
        }
        result += !str_is_set(wanted->pattern) || words_match(fact->text, wanted->pattern);
        instant_format(fact->at, at);
        buf_printf(seen, "\n#   %s %s %s %.*s %.*s", at, carrier_fact_name(fact->kind),
                   carrier_brand_name(fact->brand), STR_FMT(fact->number),
                   STR_FMT(str_cut_utf8(fact->text, 200)));
    }
    return result;
}

int64_t scenario_facts(const struct scenario *scenario, enum carrier_fact_kind kind,
                       enum channel channel, struct str number, struct instant *last)
{
    const struct carrier_fact *facts = NULL;
    size_t count = carrier_facts(scenario->world->carrier, &facts);
    int64_t result = 0;
    for (size_t i = 0; i < count; i++) {
        const struct carrier_fact *fact = &facts[i];
        bool fits = fact->kind == kind && (channel == channel_NONE || fact->channel == channel) &&
                    (!str_is_set(number) || str_equal(fact->number, number));
        if (fits) {
            result++;
            *last = world_from_carrier(scenario->world, fact->at);
        }
    }
    return result;
}

static enum err compare_facts(struct scenario *scenario, const struct wanted_facts *wanted,
                              int64_t count)
{
    struct buf seen = {.arena = scenario->arena};
    int64_t found = count_facts(scenario, wanted, &seen);
    bool is_right = count < 0 ? found > 0 : found == count;
    return is_right ? OK
                    : scenario_fail(scenario, "there are %lld of the carrier's facts: %.*s",
                                    (long long)found, STR_FMT(buf_str(&seen)));
}

static enum err compare_counted(struct scenario *scenario, unsigned kinds, struct str rest)
{
    int64_t count = 0;
    struct wanted_facts wanted = {.kinds = kinds};
    wanted.number = scenario_address(scenario, words_next(&rest), STR("CALL"));
    TRY(scenario_count(scenario, words_next(&rest), &count));
    wanted.pattern = words_next(&rest);
    return compare_facts(scenario, &wanted, count);
}

enum err expect_rang(struct scenario *scenario, struct str rest)
{
    return compare_counted(scenario, 1u << CARRIER_RANG, rest);
}

enum err expect_fact(struct scenario *scenario, struct str rest)
{
    struct str word = words_next(&rest);
    for (int kind = 0; kind < CARRIER_FACT_KIND_COUNT; kind++) {
        if (str_equal_text(word, carrier_fact_name((enum carrier_fact_kind)kind))) {
            return compare_counted(scenario, 1u << kind, rest);
        }
    }
    return scenario_fail(scenario, "the carrier has no facts called \"%.*s\"", STR_FMT(word));
}

enum err expect_spoken(struct scenario *scenario, struct str rest)
{
    struct wanted_facts wanted = {.kinds = 1u << CARRIER_SPOKE};
    wanted.number = scenario_address(scenario, words_next(&rest), STR("CALL"));
    wanted.pattern = words_next(&rest);
    return compare_facts(scenario, &wanted, -1);
}

enum err expect_asked(struct scenario *scenario, struct str rest)
{
    struct str name = words_next(&rest);
    enum carrier_brand brand = CARRIER_TWILIO;
    int64_t wanted = 0;
    TRY(scenario_count(scenario, words_next(&rest), &wanted));
    if (!carrier_brand_find(name, &brand)) {
        return scenario_fail(scenario, "there is no provider \"%.*s\"", STR_FMT(name));
    }
    int64_t seen = carrier_requests(scenario->world->carrier, brand);
    return seen == wanted ? OK
                          : scenario_fail(scenario, "it was asked %lld times", (long long)seen);
}

enum err expect_provider(struct scenario *scenario, struct str rest)
{
    struct str name = words_next(&rest);
    json_t *list = scenario_look(scenario, "/api/v1/providers");
    json_t *found = NULL;
    size_t index = 0;
    json_t *each = NULL;
    json_array_foreach(scenario_member(list, STR(".data.providers")), index, each)
    {
        bool is_it = scenario_is(scenario, json_object_get(each, "provider"), name) ||
                     scenario_is(scenario, json_object_get(each, "name"), name);
        found = is_it && found == NULL ? each : found;
    }
    enum err err = found != NULL ? scenario_compare(scenario, rest, found, "the provider")
                                 : scenario_fail(scenario, "it is not listed: %.*s",
                                                 STR_FMT(scenario_text(scenario, list)));
    json_decref(list);
    return err;
}
