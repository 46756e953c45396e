/* tests/lib/oracle_words: an oracle reads its cases from standard input, one word after another: a
 * verb, and what its function reads after it. Each oracle says itself what a struct world is.
 *
 * Errors: what is missing or unknown ends the program with 2, no time zones with 77 (skipped).
 * Threads: one. */
#ifndef TOCSIN_TESTS_LIB_ORACLE_WORDS_H
#define TOCSIN_TESTS_LIB_ORACLE_WORDS_H

#include "domain/civil.h"
#include "store/zoneinfo.h"

struct world;

struct oracle_verb {
    const char *word;
    void (*function)(struct world *world);
};

/* The next word as a number, as the year, month and day of a date, as its first letter, or as the
 * name of a zone. */
int64_t next_number(void);
struct date next_date(void);
char next_letter(void);
const struct zone *next_zone(struct zoneinfo *zones);

/* The machine's zones, to be freed with zoneinfo_free. */
struct zoneinfo *oracle_zones(void);
/* Up to the end of the input. */
void oracle_answer(struct world *world, const struct oracle_verb *verbs, size_t count);

#endif
