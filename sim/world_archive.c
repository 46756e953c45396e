#include "sim/world_internal.h"

#include <stdlib.h>

static struct world_archive *file_of(struct world *world, struct str name)
{
    struct world_archive **place = &world->archives;
    while (*place != NULL && !str_equal(buf_str(&(*place)->name), name)) {
        place = &(*place)->next;
    }
    if (*place == NULL) {
        *place = world_must(calloc(1, sizeof **place));
        buf_add(&(*place)->name, name);
    }
    return *place;
}

/* As app/archive_folder has it on a disk; what is flushed there is here at once. */
enum err world_append(void *context, const struct archive_piece *piece, struct problem *problem)
{
    struct world *world = context;
    if (world->store.has_crashed) {
        return E_UNAVAILABLE;
    }
    if (world->archives_full) {
        return problem_set(problem, E_UNAVAILABLE, "TOCSIN_ARCHIVE_DIR",
                           "%.*s cannot be written: No space left on device", STR_FMT(piece->name));
    }
    struct world_archive *file = file_of(world, piece->name);
    if ((int64_t)file->text.len < piece->length) {
        return problem_set(problem, E_CORRUPT, "TOCSIN_ARCHIVE_DIR", "%.*s is too short",
                           STR_FMT(piece->name));
    }
    file->text.len = (size_t)piece->length;
    buf_add(&file->text, piece->text);
    return OK;
}

void world_drop_archives(struct world *world)
{
    while (world->archives != NULL) {
        struct world_archive *file = world->archives;
        world->archives = file->next;
        buf_free(&file->name);
        buf_free(&file->text);
        free(file);
    }
}
