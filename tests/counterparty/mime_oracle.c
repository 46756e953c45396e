/* Writes mails for a list of nasty inputs to stdout, one a line, for mime_oracle.py to read back
 * with Python's own parser: message subject to-name from-name text html invite each in hex, '-'
 * where it is absent. */
#include "channel/mime.h"

#include "base/buf.h"

#include <stdio.h>

static const char *const subjects[] = {
    "Plain",
    "",
    " leading and trailing ",
    "two  spaces   three",
    "a long line of plain words that has to be folded somewhere before it reaches the "
    "seventy-eighth column",
    "Averyveryveryveryveryveryveryveryveryveryveryveryveryveryveryverylongwordthatcannotbefoldedany"
    "whereatall",
    "Gr\xC3\xBC\xC3\x9F"
    "e aus M\xC3\xBCnchen",
    "\xF0\x9F\x91\x8D\xF0\x9F\x91\x8D\xF0\x9F\x91\x8D\xF0\x9F\x91\x8D\xF0\x9F\x91\x8D\xF0\x9F\x91"
    "\x8D"
    "\xF0\x9F\x91\x8D\xF0\x9F\x91\x8D\xF0\x9F\x91\x8D\xF0\x9F\x91\x8D\xF0\x9F\x91\x8D\xF0\x9F\x91"
    "\x8D"
    "\xF0\x9F\x91\x8D\xF0\x9F\x91\x8D\xF0\x9F\x91\x8D\xF0\x9F\x91\x8D\xF0\x9F\x91\x8D\xF0\x9F\x91"
    "\x8D",
    "\xE4\xBC\x9A\xE8\xAD\xB0\xE3\x81\x8C\xE5\xA7\x8B\xE3\x81\xBE\xE3\x82\x8A\xE3\x81\xBE\xE3\x81"
    "\x99 09:30 "
    "\xE4\xBC\x9A\xE8\xAD\xB0\xE3\x81\x8C\xE5\xA7\x8B\xE3\x81\xBE\xE3\x82\x8A\xE3\x81\xBE\xE3\x81"
    "\x99",
    "=?utf-8?B?PGI+?= not an encoded word",
    "x =? y",
    "e\xCC\x81 combining \xE2\x80\xAE right to left \xE2\x80\x8F",
    "Re: [tag] \"quoted\", <angle>; (paren) \\ back = 100% & more",
    "\xC2\xA0non-breaking\xC2\xA0",
};

static const char *const names[] = {
    NULL,
    "Anna",
    "Smith, Anna (she)",
    "\"Quoted\" \\ back",
    "Anna  Two Spaces",
    " Anna ",
    "J\xC3\xB6rg \xC3\x84pfel",
    "=?utf-8?q?Anna?=",
    "a@b.example",
    "<script>; x:y",
    "A rather long but perfectly plain name that goes on and on for more than one whole line of a "
    "header",
    "\xE5\xB1\xB1\xE7\x94\xB0\xE5\xA4\xAA\xE9\x83\x8E "
    "\xE5\xB1\xB1\xE7\x94\xB0\xE5\xA4\xAA\xE9\x83\x8E "
    "\xE5\xB1\xB1\xE7\x94\xB0\xE5\xA4\xAA\xE9\x83\x8E "
    "\xE5\xB1\xB1\xE7\x94\xB0\xE5\xA4\xAA\xE9\x83\x8E",
    ".",
    "'",
};

static const char *const texts[] = {
    "Hello\n",
    "no newline at the end",
    "\n\n\n",
    "crlf\r\nlf\ncr\rend",
    ".\n..\n.hidden\n",
    "From the start\nFrom\n>From\n",
    "trailing space \ttab\t\n \n",
    "= =3D =\n=\n",
    "--parts-0-a1\n--mixed-0-a1--\nparts-0-a1-7\n--parts-1-a1-7--\n",
    "\xF0\x9F\x91\x8D \xE2\x82\xAC \xC3\xA4\xC3\xB6\xC3\xBC e\xCC\x81 \xE2\x80\xA8 \xC2\x85 "
    "\x01\x02\x7F\n",
    "1234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234"
    "567890\n"
    "123456789012345678901234567890123456789012345678901234567890123456789012345\n"
    "1234567890123456789012345678901234567890123456789012345678901234567890123456\n"
    "12345678901234567890123456789012345678901234567890123456789012345678901234 \n"
    "1234567890123456789012345678901234567890123456789012345678901234567890123\xE2\x82\xAC\n",
    "Content-Type: text/html\n\nBcc: x@y.example\n",
};

static const char *const htmls[] = {
    NULL,
    "<p>Hello &amp; <b>\xE2\x82\xAC</b></p>",
    "<a href=\"https://x.example/?a=1&amp;b=3D\">x</a>\n.\n",
};

static const char *const invites[] = {
    NULL,
    "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nSUMMARY:Gr\xC3\xBC\xC3\x9F"
    "e\r\nEND:VCALENDAR\r\n",
    "BEGIN:VCALENDAR\r\nMETHOD:CANCEL\r\nX:--mixed-0-a1-0\r\nEND:VCALENDAR\r\n",
};

static void print_hex(struct str text, char end)
{
    if (!str_is_set(text)) {
        putchar('-');
    } else if (text.len == 0) {
        putchar('.');
    }
    for (size_t i = 0; i < text.len; i++) {
        printf("%02x", (unsigned)(unsigned char)text.ptr[i]);
    }
    putchar(end);
}

struct choice {
    size_t subject;
    size_t to_name;
    size_t from_name;
    size_t text;
    size_t html;
    size_t invite;
    size_t number;
};

static bool print_mail(struct arena *arena, struct choice c)
{
    struct mime_mail mail = {.to = STR("anna.o'neil+x@mail.example.org"),
                             .to_name = str_from(names[c.to_name]),
                             .subject = str_from(subjects[c.subject]),
                             .text = str_from(texts[c.text]),
                             .html = str_from(htmls[c.html]),
                             .invite = str_from(invites[c.invite]),
                             .thread = c.number % 2 == 0 ? STR("t-1") : STR_NONE,
                             .now = {INT64_C(1767603600000000)}};
    const char *from_name = names[c.from_name];
    mail.from = from_name == NULL ? STR("alerts@example.com")
                                  : arena_printf(arena, "%s <alerts@example.com>", from_name);
    mail.attempt = arena_printf(arena, "a1-%zu", c.number);
    struct str out = STR_NONE;
    struct problem problem = {0};
    enum err err = mime_write(&mail, arena, &out, &problem);
    if (err) {
        fprintf(stderr, "mail %zu: %s: %s\n", c.number, problem.field, problem.message);
        return false;
    }
    print_hex(out, ' ');
    print_hex(mail.subject, ' ');
    print_hex(mail.to_name, ' ');
    print_hex(str_from(from_name), ' ');
    print_hex(mail.text, ' ');
    print_hex(mail.html, ' ');
    print_hex(mail.invite, '\n');
    return true;
}

/* EMAIL_FROM is taken apart at its angle brackets, so a name in it holds none. */
static size_t plain_name(size_t number)
{
    static const size_t plain[] = {0, 1, 6, 7, 10, 11};
    return plain[number % ARRAY_LENGTH(plain)];
}

int main(void)
{
    struct arena *arena = arena_new();
    bool is_sound = true;
    size_t number = 0;
    for (size_t subject = 0; subject < ARRAY_LENGTH(subjects); subject++) {
        for (size_t name = 0; name < ARRAY_LENGTH(names); name++) {
            for (size_t i = 0; i < 3; i++) {
                struct choice choice = {.subject = subject, .to_name = name, .number = number};
                choice.from_name = plain_name(number);
                choice.text = number % ARRAY_LENGTH(texts);
                choice.html = number / 2 % ARRAY_LENGTH(htmls);
                choice.invite = number / 3 % ARRAY_LENGTH(invites);
                is_sound = print_mail(arena, choice) && is_sound;
                arena_reset(arena);
                number++;
            }
        }
    }
    arena_free(&arena);
    return is_sound ? 0 : 1;
}
