/* tests/lib/store_fixture: a migrated store for one test, in memory, in a file of its own or in a
 * schema of its own on the PostgreSQL server that TOCSIN_TEST_POSTGRES names (a URL with a query;
 * tests/lib/postgres.py), and rows to put into it. Without that server its tests are skipped.
 * TOCSIN_TEST_STORE=postgres takes that server for stores in memory.
 *
 * `set_up` and `tear_down` are cmocka's; the state is a struct store_fixture. Rows are made with
 * all that their CHECKs want; a test changes what it is about before it inserts. Times are given in
 * minutes from store_time(0), 2026-01-05T09:00:00Z.
 * Errors: anything that fails fails the test. Ownership: all of it is the fixture's, and the file
 * goes with it. */
#ifndef TOCSIN_TESTS_LIB_STORE_FIXTURE_H
#define TOCSIN_TESTS_LIB_STORE_FIXTURE_H

#include "store/db.h"

enum { STORE_PATH_MAX = 512 };

struct store_fixture {
    const struct driver *driver;
    struct arena *arena;
    struct seal *seal;
    struct db *db;
    struct log log;
    int complaints; /* Lines that the store wrote at WARN or above. */
    struct problem problem;
    struct id_source ids;
    char folder[STORE_PATH_MAX]; /* "" for a store that is in no file. */
    char schema[40];             /* "" for one that is not on a server. */
    char path[STORE_PATH_MAX];
};

int store_set_up_memory(void **state);
int store_set_up_file(void **state);
int store_set_up_postgres(void **state);
/* The same without the migrations. */
int store_set_up_empty(void **state);
int store_tear_down(void **state);

/* Begins a test: leaves it, skipped, where it is of a server that there is not. */
struct store_fixture *store_of(void **state);
/* Another connection to the same store. db_close() is owed. */
struct db *store_open(struct store_fixture *f, bool is_read_only);
/* Runs SQL that the store itself would never run. */
void store_execute(struct store_fixture *f, const char *format, ...) PRINTF_LIKE(2, 3);

struct instant store_time(int minutes);
struct id store_new_id(struct store_fixture *f);

struct user store_user(struct store_fixture *f, const char *name, const char *phone);
struct meeting store_meeting(struct store_fixture *f, struct id user, const char *external_id,
                             int start_minute);
struct alert store_alert(struct store_fixture *f, const struct meeting *meeting, int stage);
/* An SMS to the person of the meeting, QUEUED, of the step given. */
struct message store_message(struct store_fixture *f, const struct meeting *meeting,
                             struct id step);
struct timer store_timer(struct store_fixture *f, enum timer_kind kind, struct id subject,
                         int due_minute);

/* Inserts a record and fails the test where that is refused. */
void store_insert(struct store_fixture *f, enum table table, const void *record);
/* A message with its texts. */
void store_insert_message(struct store_fixture *f, const struct message *message);

void store_assert_text(struct str got, const char *expected);

#endif
