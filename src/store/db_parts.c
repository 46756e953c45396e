#include "store/db_internal.h"
#include "store/db_news.h"

#include <assert.h>

const struct dialect *db_dialect(const struct db *db)
{
    return db->driver->dialect;
}

struct seal *db_seal(struct db *db)
{
    return db->seal;
}

struct digest *db_digest(struct db *db)
{
    return db->digest;
}

int64_t db_corrupt_rows(const struct db *db)
{
    return db->corrupt_rows;
}

enum err db_tell(struct db *db, struct str text)
{
    assert(db->driver->tell != NULL);
    return db->driver->tell(db->connection, text);
}

enum err db_hear(struct db *db, void *context, void (*each)(void *context, struct str text))
{
    assert(db->driver->hear != NULL);
    return db->driver->hear(db->connection, context, each);
}

int db_ear(const struct db *db)
{
    return db->driver->ear == NULL ? -1 : db->driver->ear(db->connection);
}
