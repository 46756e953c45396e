/* sim/scenario_internal: what the statements share: failing, variables, times, requests, comparing.
 */
#ifndef TOCSIN_SIM_SCENARIO_INTERNAL_H
#define TOCSIN_SIM_SCENARIO_INTERNAL_H

#include "sim/scenario.h"
#include "sim/words.h"

typedef enum err statement_function(struct scenario *scenario, struct str rest);

#define STATEMENT(word, function, usage) statement_function function;
#include "sim/scenario.def"
#undef STATEMENT
#define EXPECT(word, function, usage) statement_function function;
#include "sim/scenario_expect.def"
#undef EXPECT

/* Says what is wrong, and returns E_INVALID. */
NODISCARD enum err scenario_fail(struct scenario *scenario, const char *format, ...)
    PRINTF_LIKE(2, 3);
NODISCARD enum err scenario_needs_world(struct scenario *scenario);
NODISCARD enum err scenario_set(struct scenario *scenario, struct str name, struct str value);
/* STR_NONE for an unknown one. */
struct str scenario_get(const struct scenario *scenario, struct str name);
struct scenario_person *scenario_person_of(struct scenario *scenario, struct str name);
struct scenario_meeting *scenario_meeting_of(struct scenario *scenario, struct str name);

/* A person's address on a channel, or the word itself. */
struct str scenario_address(struct scenario *scenario, struct str word, struct str channel);
enum channel scenario_channel(struct str word); /* channel_NONE for an unknown one. */
/* "CHANNEL press 1 after 5" to the carrier. */
NODISCARD enum err scenario_script_carrier(struct scenario *scenario, struct str number,
                                           struct str rest);
/* How many facts the carrier has: channel_NONE for any, an absent number for any. */
int64_t scenario_facts(const struct scenario *scenario, enum carrier_fact_kind kind,
                       enum channel channel, struct str number, struct instant *last);

/* The time that a word means. */
NODISCARD enum err scenario_time(struct scenario *scenario, struct str word, struct instant *out);
NODISCARD enum err scenario_duration(struct scenario *scenario, struct str word,
                                     struct duration *out);
NODISCARD enum err scenario_count(struct scenario *scenario, struct str word, int64_t *out);

/* A request of the scenario's own, whose answer is kept for `expect`. */
NODISCARD enum err scenario_request(struct scenario *scenario, enum http_method method,
                                    struct str path, struct str body);
/* A look by the admin, whose answer is not kept: json_decref is owed. NULL, and a failure, where it
 * is refused. */
json_t *scenario_look(struct scenario *scenario, const char *format, ...) PRINTF_LIKE(2, 3);

/* ".data.alerts[0].status"; NULL for what is not there. Borrowed. */
json_t *scenario_member(json_t *object, struct str path);
/* A scalar as text; "absent" for NULL. */
struct str scenario_text(struct scenario *scenario, const json_t *value);
/* Whether a value is what a word says: a time, a pattern or the text itself. */
bool scenario_is(struct scenario *scenario, const json_t *value, struct str wanted);
/* Compares [k=v]… with the members of `object`, which is called `what` in failures. */
NODISCARD enum err scenario_compare(struct scenario *scenario, struct str rest, json_t *object,
                                    const char *what);
/* The same as a question. */
bool scenario_fits(struct scenario *scenario, struct str rest, json_t *object);

#endif
