/* expand_oracle: what our calendar layer makes of calendars, for comparison with others.
 *
 * Reads cases: a line "FROM TO ZONE" (instants, and the owner's zone), the lines of an iCalendar
 * text, and a line ".". Answers each with a line "START END EXTERNAL_ID" for every occurrence, and
 * ".". A calendar that is refused is answered by "ERROR" and the reason, then ".". */
#include "base/buf.h"
#include "calendar/expand.h"
#include "store/zoneinfo.h"

#include <stdio.h>
#include <string.h>

enum { LINE_BYTES_MAX = 4096 };

static const struct zone *find(void *context, struct str name)
{
    return zoneinfo_find(context, name);
}

static bool read_line(char line[static LINE_BYTES_MAX], struct str *out)
{
    if (fgets(line, LINE_BYTES_MAX, stdin) == NULL) {
        return false;
    }
    *out = str_trim(str_from(line));
    return true;
}

static bool read_head(struct arena *arena, struct expand_request *out)
{
    char line[LINE_BYTES_MAX];
    struct str rest;
    struct str from;
    struct str to;
    struct str zone;
    if (!read_line(line, &rest) || !str_split(&rest, ' ', &from) || !str_split(&rest, ' ', &to) ||
        !str_split(&rest, ' ', &zone)) {
        return false;
    }
    out->owner_zone_name = arena_str(arena, zone);
    return instant_parse(from, &out->from) == OK && instant_parse(to, &out->to) == OK;
}

static struct str read_text(struct arena *arena)
{
    struct buf text = {.arena = arena};
    char line[LINE_BYTES_MAX];
    struct str one;
    while (read_line(line, &one) && !str_equal(one, STR("."))) {
        buf_add(&text, one);
        buf_add(&text, STR("\r\n"));
    }
    return buf_str(&text);
}

static void print_answer(const struct expand_result *result)
{
    for (size_t i = 0; i < result->occurrence_count; i++) {
        char start[INSTANT_TEXT_MAX];
        char end[INSTANT_TEXT_MAX];
        const struct occurrence *one = &result->occurrences[i];
        (void)instant_format(one->starts_at, start);
        (void)instant_format(one->ends_at, end);
        printf("%s %s %.*s\n", start, end, STR_FMT(one->external_id));
    }
}

static void answer(struct arena *arena, struct expand_request *request)
{
    struct expand_result result;
    struct problem problem = {0};
    request->text = read_text(arena);
    if (calendar_expand(arena, request, &result, &problem) == OK) {
        print_answer(&result);
    } else {
        printf("ERROR %s\n", problem.message);
    }
    puts(".");
}

int main(void)
{
    struct zoneinfo *zoneinfo = NULL;
    struct problem problem = {0};
    if (zoneinfo_open(NULL, &zoneinfo, &problem) != OK) {
        fprintf(stderr, "%s\n", problem.message);
        return 1;
    }
    struct zones_port zones = {.context = zoneinfo, .find = find};
    struct arena *arena = arena_new();
    struct expand_request request = {.zones = &zones};
    while (read_head(arena, &request)) {
        answer(arena, &request);
        arena_reset(arena);
    }
    arena_free(&arena);
    zoneinfo_free(&zoneinfo);
    return 0;
}
