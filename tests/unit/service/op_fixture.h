/* tests/unit/service/op_fixture: an operation on a store in memory, with a site around it and the
 * mock as every channel's provider, for tests of single use cases. The whole product in virtual
 * time is what tests/scenario is for. `op_set_up` and `op_tear_down` are cmocka's; the state is a
 * struct op_fixture. */
#ifndef TOCSIN_TESTS_OP_FIXTURE_H
#define TOCSIN_TESTS_OP_FIXTURE_H

#include "lib/store_fixture.h"
#include "service/op.h"

struct op_fixture {
    struct store_fixture *store;
    struct site site;
    struct stats stats;
    struct writer writer;
    struct instant now;
    struct problem problem;
    struct op op;
    struct user user;
    struct meeting meeting; /* Starts an hour from now. */
};

int op_set_up(void **state);
int op_tear_down(void **state);

/* How many effects of a kind the operation has asked for so far. */
size_t count_effects(const struct op_fixture *f, enum effect_kind kind);
/* How often the audit trail has an action. */
size_t count_events(struct op_fixture *f, const char *action);

#endif
