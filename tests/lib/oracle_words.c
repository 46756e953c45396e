#include "lib/oracle_words.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_BROKEN = 2, EXIT_SKIPPED = 77 };

static _Noreturn void give_up(const char *reason, int code)
{
    fprintf(stderr, "%s\n", reason);
    exit(code);
}

int64_t next_number(void)
{
    int64_t number = 0;
    if (scanf("%" SCNd64, &number) != 1) {
        give_up("a number is missing", EXIT_BROKEN);
    }
    return number;
}

struct date next_date(void)
{
    struct date date;
    date.year = (int32_t)next_number();
    date.month = (int8_t)next_number();
    date.day = (int8_t)next_number();
    return date;
}

char next_letter(void)
{
    char letter[2];
    if (scanf("%1s", letter) != 1) {
        give_up("a letter is missing", EXIT_BROKEN);
    }
    return letter[0];
}

const struct zone *next_zone(struct zoneinfo *zones)
{
    char name[64];
    const struct zone *zone = NULL;
    if (scanf("%63s", name) == 1) {
        zone = zoneinfo_find(zones, str_from(name));
    }
    if (zone == NULL) {
        give_up("no such zone", EXIT_BROKEN);
    }
    return zone;
}

struct zoneinfo *oracle_zones(void)
{
    struct zoneinfo *zones = NULL;
    struct problem problem;
    if (zoneinfo_open(NULL, &zones, &problem) != OK) {
        give_up("no time zones", EXIT_SKIPPED);
    }
    return zones;
}

void oracle_answer(struct world *world, const struct oracle_verb *verbs, size_t count)
{
    char word[16];
    while (scanf("%15s", word) == 1) {
        size_t i = 0;
        while (i < count && strcmp(word, verbs[i].word) != 0) {
            i++;
        }
        if (i == count) {
            give_up("an unknown word", EXIT_BROKEN);
        }
        verbs[i].function(world);
    }
}
