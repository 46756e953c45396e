#include "sim/life.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* What the people of a life do with calls and texts of real providers. */

enum { SENTENCE_MAX = 256 };

static const char *pick(struct life *life, const char *const *words, size_t count)
{
    return words[rng_below(&life->rng, count)];
}

void life_carrier_says(struct life *life, const char *format, ...)
{
    char text[SENTENCE_MAX];
    struct str wrong = STR_NONE;
    struct world *world = life->world;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (carrier_say(world->carrier, world_to_carrier(world, world_now(world)), str_from(text),
                    &wrong) != OK) {
        fprintf(stderr, "tocsin-sim: %s: %.*s\n", text, STR_FMT(wrong));
        abort();
    }
    life_say(life, "carrier: %s", text);
    life_note(life, "carrier %s", text);
    world_settle(world);
}

void life_handset(struct life *life, struct str number)
{
    static const char *const calls[] = {
        "press 1",   "press 2", "press 91",          "ignore",       "busy",
        "voicemail", "reject",  "undelivered 30005", "refuse 21215", "press 5"};
    static const char *const texts[] = {"reply in",
                                        "reply 2",
                                        "reply what?",
                                        "reply STOP",
                                        "reply START",
                                        "ignore",
                                        "off",
                                        "invalid",
                                        "landline",
                                        "undelivered 30003",
                                        "undelivered 30007",
                                        "deliver after 40"};
    static const char *const words[] = {"in", "1", "2", "STOP", "START", "HELP", "ok", "where?"};
    const char *channel = rng_chance(&life->rng, 1, 4) ? "WHATSAPP" : "SMS";
    switch (rng_below(&life->rng, 5)) {
    case 0:
        life_carrier_says(life, "write %.*s %s %s", STR_FMT(number), channel,
                          pick(life, words, ARRAY_LENGTH(words)));
        break;
    case 1:
    case 2:
        life_carrier_says(life, "phone %.*s %s %s", STR_FMT(number), channel,
                          pick(life, texts, ARRAY_LENGTH(texts)));
        break;
    default:
        life_carrier_says(life, "phone %.*s CALL %s", STR_FMT(number),
                          pick(life, calls, ARRAY_LENGTH(calls)));
        break;
    }
}
