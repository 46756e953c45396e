#include "lib/raw_sqlite.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

void raw_run(sqlite3 *db, const char *sql)
{
    char *said = NULL;
    int code = sqlite3_exec(db, sql, NULL, NULL, &said);
    if (code != SQLITE_OK) {
        fail_msg("%s: %s", sql, said);
    }
}

int64_t raw_number(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int64_t value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return value;
}
