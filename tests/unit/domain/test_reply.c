/* What people answer, row by row. */
#include "domain/reply.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct row {
    const char *text;
    enum reply_word word;
    const char *code;
};

#define JOINED REPLY_JOINED
#define MISSED REPLY_MISSED
#define NOTHING REPLY_UNKNOWN

static const struct row rows[] = {
    {"JOINED", JOINED, ""},
    {"joined", JOINED, ""},
    {"IN", JOINED, ""},
    {"1", JOINED, ""},
    {" 1. ", JOINED, ""},
    {"1{", JOINED, ""},
    {"[1]", JOINED, ""},
    {"1/", JOINED, ""},
    {"\"1\"", JOINED, ""},
    {"'1'", JOINED, ""},
    {"(1)", JOINED, ""},
    {"1\xEF\xB8\x8F\xE2\x83\xA3", JOINED, ""},
    {"Yes", JOINED, ""},
    {"yes!!!", JOINED, ""},
    {"Y", JOINED, ""},
    {"ok", JOINED, ""},
    {"O.K.", NOTHING, ""},
    {"OK.", JOINED, ""},
    {"okay", JOINED, ""},
    {"on my way", JOINED, ""},
    {"  On   my\nway  ", JOINED, ""},
    {"I'm on my way!", JOINED, ""},
    {"I\xE2\x80\x99m in", JOINED, ""},
    {"\xE2\x80\x9C"
     "Im in\xE2\x80\x9D",
     JOINED, ""},
    {"\xC2\xABIN\xC2\xBB", JOINED, ""},
    {"Yes, on my way, thanks", JOINED, ""},
    {"hi, sorry, on my way now", JOINED, ""},
    {"\xF0\x9F\x91\x8D", JOINED, ""},
    {"\xF0\x9F\x91\x8D\xF0\x9F\x8F\xBD", JOINED, ""},
    {"\xF0\x9F\x91\x8D\xEF\xB8\x8F\xF0\x9F\x91\x8D", JOINED, ""},
    {"ok\xF0\x9F\x91\x8D", JOINED, ""},
    {"MISSED", MISSED, ""},
    {"2", MISSED, ""},
    {"no", MISSED, ""},
    {"No.", MISSED, ""},
    {"can't make it", MISSED, ""},
    {"Can\xE2\x80\x99t make it", MISSED, ""},
    {"I can`t make it, sorry", MISSED, ""},
    {"cant make it", MISSED, ""},
    {"I cannot make it.", MISSED, ""},
    {"No, can't make it", MISSED, ""},
    {"\xF0\x9F\x91\x8E", MISSED, ""},
    /* Incidents and dispatches. */
    {"ACK", REPLY_ACKNOWLEDGE, ""},
    {"a", REPLY_ACKNOWLEDGE, ""},
    {"Ok, got it!", REPLY_ACKNOWLEDGE, ""},
    {"got it, ok", REPLY_ACKNOWLEDGE, ""},
    {"12a a", REPLY_ACKNOWLEDGE, "12a"},
    {"r", REPLY_RESOLVE, ""},
    {"Fixed. Thanks", REPLY_RESOLVE, ""},
    {"yes, done", REPLY_RESOLVE, ""},
    {"accept", REPLY_ACCEPT, ""},
    {"DECLINE", REPLY_DECLINE, ""},
    {"ack resolve", NOTHING, ""},
    {"no, accept", NOTHING, ""},
    /* Other languages, with and without their accents. */
    {"S\u00ed", JOINED, ""},
    {"S\u00cd!", JOINED, ""},
    {"si", JOINED, ""},
    {"Si\u0301", JOINED, ""},
    {"\u00a1Voy en camino!", JOINED, ""},
    {"No podr\u00e9 ir, perd\u00f3n", MISSED, ""},
    {"yo me encargo", REPLY_ACKNOWLEDGE, ""},
    {"Ja, bin dabei", JOINED, ""},
    {"ich schaffe es nicht", MISSED, ""},
    {"\u00dcbernehme", REPLY_ACKNOWLEDGE, ""},
    {"uebernehme", REPLY_ACKNOWLEDGE, ""},
    {"gel\u00f6st", REPLY_RESOLVE, ""},
    {"haan ji", JOINED, ""},
    {"nahi aa paunga", MISSED, ""},
    {"\u0939\u093e\u0901", JOINED, ""},
    {"\u091c\u0940 \u0939\u093e\u0902\u0964", JOINED, ""},
    {"\u0928\u0939\u0940\u0902", MISSED, ""},
    {"\u0939\u094b \u0917\u092f\u093e", REPLY_RESOLVE, ""},
    {"\U0001F44C", JOINED, ""},
    {"\u2705", JOINED, ""},
    {"BAJA", REPLY_STOP, ""},
    {"stopp", REPLY_STOP, ""},
    {"gro\u00df", NOTHING, ""},
    /* Codes. */
    {"1 12a", JOINED, "12a"},
    {"12A yes", JOINED, "12a"},
    {"yes (12a)", JOINED, "12a"},
    {"12a", NOTHING, "12a"},
    {"no 9999z", MISSED, "9999z"},
    {"yes 12a 12A", JOINED, "12a"},
    {"yes 12a 13b", NOTHING, ""},
    {"yes 12345a", NOTHING, ""},
    {"yes 12ab", NOTHING, ""},
    {"what about 12a?", NOTHING, "12a"},
    /* The carrier's. */
    {"STOP", REPLY_STOP, ""},
    {"stop.", REPLY_STOP, ""},
    {"\"Stop\"", REPLY_STOP, ""},
    {"StopAll", REPLY_STOP, ""},
    {"stop all", REPLY_STOP, ""},
    {"UNSUBSCRIBE", REPLY_STOP, ""},
    {"end", REPLY_STOP, ""},
    {"Quit", REPLY_STOP, ""},
    {"cancel", REPLY_STOP, ""},
    {"REVOKE", REPLY_STOP, ""},
    {"optout", REPLY_STOP, ""},
    {"opt-out", REPLY_STOP, ""},
    {"START", REPLY_START, ""},
    {"unstop", REPLY_START, ""},
    {"help", REPLY_HELP, ""},
    {"INFO?", REPLY_HELP, ""},
    /* Neither, or both. */
    {"", NOTHING, ""},
    {"   ", NOTHING, ""},
    {"?!", NOTHING, ""},
    {"3", NOTHING, ""},
    {"11", NOTHING, ""},
    {"1 2", NOTHING, ""},
    {"yes no", NOTHING, ""},
    {"ok but I can't make it", NOTHING, ""},
    {"not ok", NOTHING, ""},
    {"in 5 minutes", NOTHING, ""},
    {"stop it, I'm on my way", NOTHING, ""},
    {"yes cancel", NOTHING, ""},
    {"please", NOTHING, ""},
    {"inn", NOTHING, ""},
    {"j\xC3\xB6\xC3\xB6", NOTHING, ""},
    {"yes\xC3\xA4", NOTHING, ""},
    {"\xFF", NOTHING, ""},
    {"yes \xC3", NOTHING, ""},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct reply reply = reply_read(str_from(rows[i].text));
        if (reply.word != rows[i].word || strcmp(reply.code, rows[i].code) != 0) {
            print_error("\"%s\": word %d, code \"%s\"\n", rows[i].text, reply.word, reply.code);
        }
        assert_int_equal(reply.word, rows[i].word);
        assert_string_equal(reply.code, rows[i].code);
    }
}

static void test_bounds(void **state)
{
    (void)state;
    char text[REPLY_BYTES_MAX + 4];
    for (size_t i = 0; i + 4 <= sizeof text; i += 4) {
        memcpy(text + i, "\xF0\x9F\x91\x8E", 4);
    }
    assert_int_equal(reply_read((struct str){text, REPLY_BYTES_MAX}).word, REPLY_MISSED);
    assert_int_equal(reply_read((struct str){text, REPLY_BYTES_MAX + 4}).word, REPLY_UNKNOWN);
    memset(text, ' ', sizeof text);
    text[REPLY_BYTES_MAX - 1] = '1';
    assert_int_equal(reply_read((struct str){text, REPLY_BYTES_MAX}).word, REPLY_JOINED);
    assert_int_equal(reply_read(STR_NONE).word, REPLY_UNKNOWN);
    assert_int_equal(reply_read(STR("1\0x")).word, REPLY_UNKNOWN);
}

struct word_row {
    const char *text;
    enum reply_word word;
    bool is_carrier;
};

/* Each row of the table means what it says, with capitals and a full stop as people write it. */
static void test_table(void **state)
{
    static const struct word_row words[] = {
#define PHRASE(language, text, meaning) {text, REPLY_##meaning, false},
#define CARRIER(language, text, meaning) {text, REPLY_##meaning, true},
#include "domain/reply_words.def"
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
        struct reply reply = reply_read(str_from(words[i].text));
        bool is_sign = words[i].text[0] == ':';
        if (!is_sign && reply.word != words[i].word) {
            fail_msg("\"%s\" is read as %s", words[i].text, reply_word_name(reply.word));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_bounds),
                                       cmocka_unit_test(test_table)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
