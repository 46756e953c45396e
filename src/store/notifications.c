#include "store/notifications.h"

/* As the index has it: 0 for whoever runs Tocsin. */
static struct value owner_value(const struct notification_page *page)
{
    return value_int(page->owner == OWNER_PERSON ? page->user.value : 0);
}

enum err notifications_page(struct db *db, struct arena *arena,
                            const struct notification_page *page, struct list *out)
{
    struct db_into into = {TABLE_notifications, arena};
    struct value before = value_int(id_is_set(page->after) ? page->after.value : INT64_MAX);
    struct value limit = value_int(page->limit);
    if (page->owner == OWNER_ANYBODY) {
        return db_all(db, page->is_unseen ? S_notifications_page_unseen : S_notifications_page,
                      into, out, PARAMS(before, limit));
    }
    return db_all(db, page->is_unseen ? S_notifications_of_unseen : S_notifications_of, into, out,
                  PARAMS(owner_value(page), before, limit));
}

static enum err count(struct db *db, const struct notification_page *page, bool is_unseen,
                      int64_t *out)
{
    if (page->owner == OWNER_ANYBODY) {
        return db_number(db, is_unseen ? S_notifications_unseen_count : S_notifications_count, out,
                         NO_PARAMS);
    }
    return db_number(db, is_unseen ? S_notifications_of_unseen_count : S_notifications_of_count,
                     out, PARAMS(owner_value(page)));
}

enum err notifications_count(struct db *db, const struct notification_page *page, int64_t *out)
{
    return count(db, page, page->is_unseen, out);
}

enum err notifications_count_unseen(struct db *db, const struct notification_page *page,
                                    int64_t *out)
{
    return count(db, page, true, out);
}

enum err notifications_see(struct db *db, struct id id, struct instant now, bool *is_new)
{
    int64_t changed = 0;
    TRY(db_change(db, S_notification_see, &changed, PARAMS(value_id(id), value_time(now))));
    *is_new = changed > 0;
    return OK;
}

enum err notifications_place(struct db *db, struct id after, int64_t rows, struct id *out)
{
    *out = ID_NONE;
    enum err err = db_number(db, S_notification_at_place, &out->value,
                             PARAMS(value_int(after.value), value_int(rows - 1)));
    return err == E_NOT_FOUND ? OK : err;
}

enum err notifications_remove(struct db *db, const struct notifications_old *old)
{
    return db_run(db, S_notifications_remove,
                  PARAMS(value_int(old->after.value), value_int(old->until.value),
                         value_time(old->seen), value_time(old->added)));
}

enum err notifications_end_subject(struct db *db, struct id subject, struct instant now)
{
    return db_run(db, S_notifications_end, PARAMS(value_id(subject), value_time(now)));
}
