/* Answers fetched from providers that cannot call us: only while somebody's answer is awaited. V10.
 */
#include "op_fixture.h"
#include "service/engine.h"
#include "service/inbox.h"
#include "service/inbox_pages.h"
#include "store/inbound.h"
#include "store/providers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* A text about the meeting that Twilio took. */
static struct message add_text(struct op_fixture *f)
{
    struct message text = store_message(f->store, &f->meeting, ID_NONE);
    struct provider_settings *settings = &f->site.provider_settings;
    settings->twilio.base_url = STR("https://api.twilio.com");
    settings->twilio.account_sid = STR("AC00000000000000000000000000000001");
    settings->twilio.auth_token = STR("token");
    settings->twilio.from_number = STR("+15005550006");
    text.provider = STR("twilio");
    text.state = message_state_SENT;
    text.claimed_at = text.sent_at = f->now;
    store_insert(f->store, TABLE_messages, &text);
    return text;
}

static size_t questions(const struct op_fixture *f)
{
    size_t count = 0;
    for (size_t i = 0; i < f->writer.effects.count; i++) {
        const struct effect *effect = &f->writer.effects.items[i];
        count += effect->kind == EFFECT_FIND && effect->inbox == &provider_twilio ? 1 : 0;
    }
    return count;
}

static struct timer waiting_timer_of(struct op_fixture *f)
{
    struct timer timer = {0};
    assert_int_equal(
        timers_of_subject(f->store->db, f->store->arena, timer_kind_INBOX, (struct id){1}, &timer),
        OK);
    return timer;
}

static void test_asked_while_an_answer_is_awaited(void **state)
{
    struct op_fixture *f = *state;
    struct message text = add_text(f);
    assert_int_equal(inbox_expect(&f->op, &text), OK);
    assert_int_equal(inbox_expect(&f->op, &text), OK);
    assert_int_equal(count_effects(f, EFFECT_TIMER), 1);
    struct timer timer = waiting_timer_of(f);
    timer.state = timer_state_COMPLETED;
    assert_int_equal(read_inboxes(&f->op, &timer), OK);
    assert_int_equal(questions(f), 1);
    assert_int_equal(timer.state, timer_state_PENDING);
    f->meeting.checkin_status = checkin_status_JOINED;
    assert_int_equal(db_update(f->store->db, TABLE_meetings, f->store->arena, &f->meeting), OK);
    timer.state = timer_state_COMPLETED;
    assert_int_equal(read_inboxes(&f->op, &timer), OK);
    assert_int_equal(questions(f), 1);
    assert_int_equal(timer.state, timer_state_COMPLETED);
}

static void test_not_asked_for_what_is_a_day_old(void **state)
{
    struct op_fixture *f = *state;
    struct timer timer = {.state = timer_state_COMPLETED};
    add_text(f);
    f->op.now = f->now = instant_add(f->now, HOURS(25));
    assert_int_equal(read_inboxes(&f->op, &timer), OK);
    assert_int_equal(questions(f), 0);
    assert_int_equal(timer.state, timer_state_COMPLETED);
}

static void test_not_asked_where_the_provider_can_call_us(void **state)
{
    struct op_fixture *f = *state;
    struct message text = add_text(f);
    f->site.provider_settings.public_url = STR("https://tocsin.example");
    assert_int_equal(inbox_expect(&f->op, &text), OK);
    f->site.provider_settings.public_url = STR_NONE;
    text.provider = STR("mock");
    assert_int_equal(inbox_expect(&f->op, &text), OK);
    assert_int_equal(count_effects(f, EFFECT_TIMER), 0);
}

/* --- Pages --- */

#define LIST "/2010-04-01/Accounts/AC00000000000000000000000000000001/Messages.json"

static struct wire_answer page_of(struct op_fixture *f, const char *sid, const char *text,
                                  const char *next)
{
    return (struct wire_answer){
        .outcome = WIRE_ANSWERED,
        .status = 200,
        .body = arena_printf(f->store->arena,
                             "{\"messages\":[{\"sid\":\"%s\",\"direction\":\"inbound\",\"from\":"
                             "\"+14155550199\",\"to\":\"+15005550006\",\"body\":\"%s\"}],"
                             "\"next_page_uri\":%s}",
                             sid, text, next)};
}

static struct flight inbox_flight(struct op_fixture *f)
{
    add_text(f);
    return (struct flight){.question = ASK_INBOX,
                           .provider = &provider_twilio,
                           .arena = f->store->arena,
                           .begun_at = f->now};
}

static enum err find_text(struct op_fixture *f, const char *sid, struct inbound_text *out)
{
    *out = (struct inbound_text){0};
    return inbound_texts_get(f->store->db, f->store->arena, STR("twilio"), str_from(sid), out);
}

static bool is_read(struct op_fixture *f)
{
    struct provider_state state = {0};
    return provider_states_get(f->store->db, f->store->arena, STR("twilio"), &state) == OK &&
           state.inbox_read_at.us == f->now.us;
}

/* Pages come newest first; what was written first counts first, and nothing before all is here. */
static void test_pages_oldest_first(void **state)
{
    struct op_fixture *f = *state;
    struct flight flight = inbox_flight(f);
    struct inbound_text texts[3];
    struct wire_answer newest = page_of(f, "SM3", "three", "\"" LIST "?Page=1\"");
    struct wire_answer middle = page_of(f, "SM2", "two", "\"" LIST "?Page=2\"");
    struct wire_answer oldest = page_of(f, "SM1", "one", "null");
    assert_int_equal(inbox_settle(&f->op, &flight, &newest), OK);
    assert_true(inbox_goes_on(&f->site, &flight, &newest));
    assert_true(str_ends(flight.request.http.url, STR(LIST "?Page=1")));
    assert_int_equal(inbox_settle(&f->op, &flight, &middle), OK);
    assert_true(inbox_goes_on(&f->site, &flight, &middle));
    assert_true(str_ends(flight.request.http.url, STR(LIST "?Page=2")));
    assert_int_equal(find_text(f, "SM3", &texts[2]), E_NOT_FOUND);
    assert_false(is_read(f));
    assert_int_equal(inbox_settle(&f->op, &flight, &oldest), OK);
    assert_false(inbox_goes_on(&f->site, &flight, &oldest));
    assert_int_equal(find_text(f, "SM1", &texts[0]), OK);
    assert_int_equal(find_text(f, "SM2", &texts[1]), OK);
    assert_int_equal(find_text(f, "SM3", &texts[2]), OK);
    assert_true(texts[0].id.value < texts[1].id.value && texts[1].id.value < texts[2].id.value);
    assert_true(is_read(f));
}

/* A page that fails ends that reading, which begins again where the last whole one did. */
static void test_page_that_fails(void **state)
{
    struct op_fixture *f = *state;
    struct flight flight = inbox_flight(f);
    struct inbound_text text;
    struct wire_answer newest = page_of(f, "SM3", "three", "\"" LIST "?Page=1\"");
    struct wire_answer failed = {.outcome = WIRE_ANSWERED, .status = 503, .body = STR("")};
    assert_true(inbox_goes_on(&f->site, &flight, &newest));
    assert_int_equal(inbox_settle(&f->op, &flight, &failed), OK);
    assert_false(inbox_goes_on(&f->site, &flight, &failed));
    assert_int_equal(find_text(f, "SM3", &text), E_NOT_FOUND);
    assert_false(is_read(f));
}

/* Neither for ever, nor to another host. */
static void test_pages_end(void **state)
{
    struct op_fixture *f = *state;
    struct flight flight = inbox_flight(f);
    struct inbound_text text;
    struct wire_answer elsewhere =
        page_of(f, "SM9", "x", "\"https://evil.example" LIST "?Page=1\"");
    assert_int_equal(inbox_settle(&f->op, &flight, &elsewhere), OK);
    assert_false(inbox_goes_on(&f->site, &flight, &elsewhere));
    assert_int_equal(find_text(f, "SM9", &text), OK);
    struct wire_answer endless = page_of(f, "SM8", "x", "\"" LIST "?Page=1\"");
    int pages = 1;
    while (inbox_goes_on(&f->site, &flight, &endless)) {
        pages++;
    }
    assert_int_equal(pages, INBOX_PAGES_MAX);
    assert_int_equal(inbox_settle(&f->op, &flight, &endless), OK);
    assert_int_equal(find_text(f, "SM8", &text), OK);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, op_set_up, op_tear_down)
    const struct CMUnitTest tests[] = {
        T(test_asked_while_an_answer_is_awaited),
        T(test_not_asked_for_what_is_a_day_old),
        T(test_not_asked_where_the_provider_can_call_us),
        T(test_pages_oldest_first),
        T(test_page_that_fails),
        T(test_pages_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
