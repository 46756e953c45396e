#include "channel/find.h"

#include "channel/clocks.h"

void find_begin(struct find *find, const struct json_node *list, size_t page_size)
{
    bool is_array = list != NULL && list->kind == JSON_KIND_ARRAY;
    size_t count = is_array ? list->count : 0;
    find->list = list;
    find->listed = count < page_size ? count : page_size;
    find->items = ARENA_NEW_ARRAY(find->arena, struct find_candidate, find->listed);
    find->ahead = clock_ahead(find->answer, find->job->now);
    find->since = instant_is_set(find->job->made_since)
                      ? instant_add(find->job->made_since, find->ahead)
                      : INSTANT_NONE;
}

bool find_is_older(struct find *find, struct instant at)
{
    bool is_older = instant_is_set(at) && instant_before(at, find->since);
    find->has_older = find->has_older || is_older;
    return is_older;
}

void find_offer(struct find *find, struct find_candidate candidate)
{
    struct find_candidate *items = find->items;
    size_t at = find->count++;
    while (at > 0 && instant_before(candidate.at, items[at - 1].at)) {
        items[at] = items[at - 1];
        at--;
    }
    items[at] = candidate;
}

static struct instant ours(const struct find *find, struct instant at)
{
    return instant_is_set(at) ? instant_sub(at, find->ahead) : INSTANT_NONE;
}

bool find_judge(const struct find *find, struct verdict *out)
{
    if (find->count == 0) {
        return false;
    }
    struct str *ids = ARENA_NEW_ARRAY(find->arena, struct str, find->count);
    struct instant *times = ARENA_NEW_ARRAY(find->arena, struct instant, find->count);
    for (size_t i = 0; i < find->count; i++) {
        ids[i] = arena_str(find->arena, find->items[i].id);
        times[i] = ours(find, find->items[i].at);
    }
    *out = (struct verdict){.kind = VERDICT_ACCEPTED,
                            .provider_id = ids[0],
                            .others = ids + 1,
                            .other_count = find->count - 1,
                            .found_at = times};
    return true;
}
