#include "service/notifications.h"

#include "service/events.h"
#include "service/link.h"
#include "store/notifications.h"

enum { SEEN_AT_ONCE = 1000, LOOKED_AT_A_TURN = 2000, UNSEEN_DAYS = 365 };

/* Without the text, which may hold a link that takes the incident: it is asked for by whom it is
 * for. */
static enum err tell(struct op *op, enum event_kind kind, const struct notification *notification)
{
    struct notification told = *notification;
    told.text = STR_NONE;
    return event_tell(
        op, &(struct event_facts){.kind = kind,
                                  .subject_type = (enum subject_type)notification->subject_type,
                                  .subject = notification->subject_id,
                                  .user = notification->user_id,
                                  .data = op_record_text(op, &notification_record, &told)});
}

static enum err add(struct op *op, struct notification *notification)
{
    notification->created_at = op->now;
    if (!str_is_set(notification->title)) {
        notification->title = STR("Tocsin");
    }
    TRY(db_insert(op->db, TABLE_notifications, op->arena, notification));
    return tell(op, event_kind_NOTIFICATION_ADDED, notification);
}

enum err notification_add(struct op *op, struct id message, const struct message_plan *plan)
{
    struct notification notification = {
        .id = message,
        .user_id = plan->user,
        .subject_type = (int)plan->subject_type,
        .subject_id = plan->subject,
        .severity = (int)plan->severity,
        .title = plan->subject_line,
        .text = plan->text,
    };
    return add(op, &notification);
}

enum err notification_add_note(struct op *op, const struct operator_note *note)
{
    bool has_subject = note->subject_type != 0 && id_is_set(note->subject);
    struct notification notification = {
        .id = op_new_id(op),
        .subject_type = has_subject ? (int)note->subject_type : subject_type_SYSTEM,
        .subject_id = has_subject ? note->subject : ID_NONE,
        .title = note->title,
        .text = note->text,
    };
    return add(op, &notification);
}

enum err notifications_end(struct op *op, struct id subject)
{
    return notifications_end_subject(op->db, subject, op->now);
}

/* Whose notifications a request is about: a person's own key means that person. */
static enum err whose(struct op *op, struct id user, bool is_operators,
                      struct notification_page *page)
{
    bool is_persons_key = op->actor.scope == key_scope_USER;
    if (is_operators && id_is_set(user)) {
        return op_fail(op, E_INVALID, "operators", "give userId or operators, not both");
    }
    if (is_operators && is_persons_key) {
        return op_fail(op, E_FORBIDDEN, NULL, "this key sees one person's own subjects only");
    }
    page->user = is_persons_key && !id_is_set(user) ? op->actor.user : user;
    page->owner = is_operators            ? OWNER_OPERATORS
                  : id_is_set(page->user) ? OWNER_PERSON
                                          : OWNER_ANYBODY;
    return op_may_read(op, page->user);
}

static void show_texts(const struct op *op, struct list *list)
{
    struct notification *shown = ARENA_NEW_ARRAY(op->arena, struct notification, list->count + 1);
    for (size_t i = 0; i < list->count; i++) {
        shown[i] = ((const struct notification *)list->items)[i];
        shown[i].text = link_shown_text(op, shown[i].text);
    }
    list->items = shown;
}

enum err list_notifications(struct op *op, const void *input, void *output)
{
    const struct notification_list_input *wanted = input;
    struct notification_list *out = output;
    int64_t limit = page_limit(wanted->limit);
    struct notification_page page = {.is_unseen = wanted->unseen, .limit = limit + 1};
    TRY(whose(op, wanted->user_id, wanted->operators, &page));
    TRY(op_cursor(op, wanted->cursor, &page.after));
    TRY(notifications_page(op->db, op->arena, &page, &out->notifications));
    TRY(notifications_count(op->db, &page, &out->total));
    TRY(notifications_count_unseen(op->db, &page, &out->unseen_count));
    if (page_trim(op, &out->notifications, limit)) {
        const struct notification *notifications = out->notifications.items;
        out->cursor = op_cursor_text(op, notifications[out->notifications.count - 1].id);
    }
    show_texts(op, &out->notifications);
    return OK;
}

/* Marks it, with what follows, unless it was seen before. */
static enum err see(struct op *op, struct notification *notification, bool *is_new)
{
    TRY(notifications_see(op->db, notification->id, op->now, is_new));
    if (!*is_new) {
        return OK;
    }
    notification->seen_at = op->now;
    if (id_is_set(notification->user_id)) {
        TRY(message_seen(op, notification->id));
    }
    TRY(op_audit(op,
                 (struct audit_entry){.action = "NOTIFICATION_SEEN",
                                      .subject_type = (enum subject_type)notification->subject_type,
                                      .subject = notification->subject_id,
                                      .user = notification->user_id,
                                      .after = op_id_text(op, notification->id)}));
    return tell(op, event_kind_NOTIFICATION_SEEN, notification);
}

static enum err get(struct op *op, struct id id, struct notification *out)
{
    TRY(op_not_found(op, db_get(op->db, TABLE_notifications, id, op->arena, out), "notification"));
    return op_may_respond(op, out->user_id);
}

enum err see_notification(struct op *op, const void *input, void *output)
{
    struct notification *notification = output;
    bool ignored = false;
    (void)input;
    TRY(get(op, op->path_id, notification));
    return see(op, notification, &ignored);
}

static enum err see_these(struct op *op, const struct list *ids, struct notifications_seen *out)
{
    const struct notification_id *items = ids->items;
    for (size_t i = 0; i < ids->count; i++) {
        struct notification notification = {0};
        bool is_new = false;
        TRY(get(op, items[i].id, &notification));
        TRY(see(op, &notification, &is_new));
        out->seen += is_new;
    }
    return OK;
}

static enum err see_all(struct op *op, const struct notification_page *page,
                        struct notifications_seen *out)
{
    struct list waiting = {0};
    TRY(notifications_page(op->db, op->arena, page, &waiting));
    for (size_t i = 0; i < waiting.count; i++) {
        struct notification notification = ((const struct notification *)waiting.items)[i];
        bool is_new = false;
        TRY(see(op, &notification, &is_new));
        out->seen += is_new;
    }
    return notifications_count_unseen(op->db, page, &out->unseen_count);
}

enum err see_notifications(struct op *op, const void *input, void *output)
{
    const struct notifications_seen_input *wanted = input;
    struct notification_page page = {.is_unseen = true, .limit = SEEN_AT_ONCE};
    bool names_whose = id_is_set(wanted->user_id) || wanted->operators;
    TRY(whose(op, wanted->user_id, wanted->operators, &page));
    TRY(op_may_respond(op, page.user));
    if (wanted->all == (wanted->ids.count > 0)) {
        return op_fail(op, E_INVALID, "ids", "give the ids of notifications, or all: true");
    }
    if (!wanted->all) {
        return names_whose ? op_fail(op, E_INVALID, "all", "userId and operators go with all: true")
                           : see_these(op, &wanted->ids, output);
    }
    return page.owner == OWNER_ANYBODY
               ? op_fail(op, E_INVALID, "userId", "say whose: userId, or operators: true")
               : see_all(op, &page, output);
}

/* Ids grow with time: no younger one is past its keeping. */
enum err notifications_forget(struct op *op, struct night_walk *walk)
{
    struct instant seen = instant_sub(op->now, DAYS(op->site->notification_days));
    struct notifications_old old = {
        .after = walk->after,
        .seen = seen,
        .added = instant_sub(op->now, DAYS(UNSEEN_DAYS)),
    };
    struct id last = {instant_ms(instant_max(seen, old.added)) << ID_COUNTER_BITS};
    TRY(notifications_place(op->db, walk->after, LOOKED_AT_A_TURN, &old.until));
    walk->is_done = !id_is_set(old.until) || old.until.value >= last.value;
    if (walk->is_done) {
        old.until = last;
    }
    walk->after = old.until;
    return notifications_remove(op->db, &old);
}
