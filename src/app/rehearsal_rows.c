#include "app/rehearsal_rows.h"

#include "base/memory.h"
#include "domain/zone.h"
#include "model/records.h"
#include "service/messages.h"
#include "store/audit.h"
#include "store/incidents.h"
#include "store/meetings.h"
#include "store/messages.h"

#include <stdlib.h>
#include <string.h>

enum { PAGE = 1000 };

/* An array in an arena that grows. */
struct pile {
    struct arena *arena;
    size_t size;
    char *items;
    size_t count;
    size_t cap;
};

static void add_all(struct pile *pile, const struct list *list)
{
    if (pile->count + list->count > pile->cap) {
        size_t cap = 2 * (pile->count + list->count);
        char *items = arena_alloc_array(pile->arena, cap, pile->size);
        if (pile->count > 0) {
            memcpy(items, pile->items, pile->count * pile->size);
        }
        pile->items = items;
        pile->cap = cap;
    }
    if (list->count > 0) {
        memcpy(pile->items + pile->count * pile->size, list->items, list->count * pile->size);
        pile->count += list->count;
    }
}

/* Every record here begins with its id. */
static int by_id(const void *a, const void *b)
{
    int64_t first = ((const struct id *)a)->value;
    int64_t second = ((const struct id *)b)->value;
    return first < second ? -1 : first > second;
}

static void *sorted(struct pile *pile, size_t *count)
{
    if (pile->count > 0) {
        qsort(pile->items, pile->count, pile->size, by_id);
    }
    *count = pile->count;
    return pile->items;
}

static const void *find(struct id id, const void *items, size_t count, size_t size)
{
    return count == 0 ? NULL : bsearch(&id, items, count, size, by_id);
}

const struct incident *rehearsed_incident(const struct rehearsed_rows *rows, struct id id)
{
    return find(id, rows->incidents, rows->incident_count, sizeof *rows->incidents);
}

const struct step *rehearsed_step(const struct rehearsed_rows *rows, struct id id)
{
    return find(id, rows->steps, rows->step_count, sizeof *rows->steps);
}

const struct alert *rehearsed_alert(const struct rehearsed_rows *rows, struct id id)
{
    return find(id, rows->alerts, rows->alert_count, sizeof *rows->alerts);
}

const struct meeting *rehearsed_meeting(const struct rehearsed_rows *rows, struct id id)
{
    return find(id, rows->meetings, rows->meeting_count, sizeof *rows->meetings);
}

static enum err read_incidents(struct rehearsed_rows *rows)
{
    struct op *op = rows->op;
    struct pile pile = {.arena = op->arena, .size = sizeof(struct incident)};
    struct pile steps = {.arena = op->arena, .size = sizeof(struct step)};
    struct incident_page page = {.limit = REHEARSAL_ENTRIES_MAX};
    struct list list = {0};
    int64_t total = 0;
    TRY(incidents_page(op->db, op->arena, &page, &list, &total));
    add_all(&pile, &list);
    rows->incidents = sorted(&pile, &rows->incident_count);
    for (size_t i = 0; i < rows->incident_count; i++) {
        TRY(steps_of_incident(op->db, op->arena, rows->incidents[i].id, &list));
        add_all(&steps, &list);
    }
    rows->steps = sorted(&steps, &rows->step_count);
    return OK;
}

static enum err read_meetings(struct rehearsed_rows *rows)
{
    struct op *op = rows->op;
    struct pile pile = {.arena = op->arena, .size = sizeof(struct meeting)};
    struct pile alerts = {.arena = op->arena, .size = sizeof(struct alert)};
    struct meeting_page page = {.window = {INSTANT_NONE, {INT64_MAX}},
                                .limit = 2 * REHEARSAL_TIMES_MAX};
    struct list list = {0};
    int64_t total = 0;
    TRY(meetings_page(op->db, op->arena, &page, &list, &total));
    add_all(&pile, &list);
    rows->meetings = sorted(&pile, &rows->meeting_count);
    for (size_t i = 0; i < rows->meeting_count; i++) {
        TRY(alerts_of_meeting(op->db, op->arena, rows->meetings[i].id, &list));
        add_all(&alerts, &list);
    }
    rows->alerts = sorted(&alerts, &rows->alert_count);
    return OK;
}

static enum err too_much(const struct rehearsed_rows *rows)
{
    return op_fail(rows->op, E_TOO_LARGE, "until",
                   "is too far away: more than %d things happen; rehearse less",
                   REHEARSAL_ENTRIES_MAX);
}

static enum err read_messages(struct rehearsed_rows *rows)
{
    struct op *op = rows->op;
    struct pile pile = {.arena = op->arena, .size = sizeof(struct message)};
    struct message_page page = {.limit = PAGE};
    struct list list = {0};
    int64_t total = 0;
    do {
        TRY(messages_page(op->db, op->arena, &page, &list, &total));
        if (total > REHEARSAL_ENTRIES_MAX) {
            return too_much(rows);
        }
        add_all(&pile, &list);
        if (list.count > 0) {
            page.after = ((const struct message *)pile.items)[pile.count - 1].id;
        }
    } while (list.count > 0);
    rows->messages = sorted(&pile, &rows->message_count);
    for (size_t i = 0; i < rows->message_count; i++) {
        struct message *message = &rows->messages[i];
        TRY(messages_body(op->db, op->arena, message));
        TRY(message_story(op, message, &message->transitions));
    }
    return OK;
}

static enum err read_audit(struct rehearsed_rows *rows)
{
    struct op *op = rows->op;
    struct pile pile = {.arena = op->arena, .size = sizeof(struct audit_event)};
    struct audit_page page = {.limit = PAGE};
    struct list list = {0};
    int64_t total = 0;
    do {
        TRY(audit_page(op->db, op->arena, &page, &list, &total));
        if (total > 4 * REHEARSAL_ENTRIES_MAX) {
            return too_much(rows);
        }
        add_all(&pile, &list);
        if (list.count > 0) {
            page.after = ((const struct audit_event *)pile.items)[pile.count - 1].seq;
        }
    } while (list.count > 0);
    rows->audit = (struct audit_event *)(void *)pile.items;
    rows->audit_count = pile.count;
    return OK;
}

enum err rehearsed_rows_read(struct rehearsal *rehearsal, struct op *op, struct rehearsed_rows *out)
{
    *out = (struct rehearsed_rows){.rehearsal = rehearsal, .op = op};
    TRY(read_incidents(out));
    TRY(read_meetings(out));
    TRY(read_messages(out));
    return read_audit(out);
}

struct str rehearsed_name(const struct rehearsed_rows *rows, struct id user, int target)
{
    const struct user *person = rehearsal_person(rows->rehearsal, user);
    if (target == message_target_OPERATOR) {
        return STR("the operator");
    }
    if (person == NULL) {
        return STR_NONE;
    }
    bool is_contact = target == message_target_EMERGENCY_CONTACT;
    return is_contact && str_is_set(person->emergency_name) ? person->emergency_name : person->name;
}

struct str rehearsed_local(const struct rehearsed_rows *rows, struct id user, struct instant at)
{
    const struct zone *zone =
        rehearsal_zone(rows->rehearsal, id_is_set(user) ? user : rows->rehearsal->person);
    struct zone_local local = zone_local_at(zone, at);
    struct civil wall = zone_to_civil(zone, at);
    return arena_printf(rows->op->arena, "%04d-%02d-%02d %02d:%02d:%02d %s", (int)wall.year,
                        wall.month, wall.day, wall.hour, wall.minute, wall.second,
                        local.abbreviation);
}
