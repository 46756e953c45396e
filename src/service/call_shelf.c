#include "service/call_shelf.h"

#include "store/calls.h"

enum err call_shelf_open(struct call_shelf *shelf, struct db *db)
{
    *shelf = (struct call_shelf){0};
    return call_shelf_newest(db, &shelf->number);
}

enum err call_shelf_begin_new(struct call_shelf *shelf, struct db *db)
{
    TRY(call_shelf_count(db, shelf->number, CALLS_PER_SHELF, &shelf->count));
    shelf->begins_new = true;
    return OK;
}

int64_t call_shelf_take(struct call_shelf *shelf)
{
    if (shelf->begins_new && shelf->count >= CALLS_PER_SHELF) {
        shelf->number++;
        shelf->count = 0;
    }
    shelf->count++;
    return shelf->number;
}
