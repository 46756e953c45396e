/* fuzz_ics: any bytes as a calendar, expanded over a month. Seeds: the .ics files of the
 * counterparties. */
#include "calendar/expand.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

/* Berlin is UTC here: the fuzzer is after memory and time, and a zone file would only slow it down.
 */
static const struct zone *find(void *context, struct str name)
{
    bool is_known = str_equal(name, STR("UTC")) || str_equal(name, STR("Europe/Berlin"));
    return is_known ? context : NULL;
}

static void check(const struct expand_result *result, const struct expand_request *request)
{
    for (size_t i = 0; i < result->occurrence_count; i++) {
        const struct occurrence *one = &result->occurrences[i];
        assert(one->ends_at.us >= one->starts_at.us && one->starts_at.us < request->to.us);
        assert(one->ends_at.us >= request->from.us && one->external_id.len > 0);
        assert(str_is_utf8(one->title) && str_is_utf8(one->external_id));
        assert(!str_is_set(one->join_url) || str_starts_nocase(one->join_url, STR("https://")));
        assert(i == 0 || result->occurrences[i - 1].starts_at.us <= one->starts_at.us);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct arena *arena = arena_new();
    struct zone utc = zone_utc();
    struct zones_port zones = {.context = &utc, .find = find};
    struct expand_request request = {
        .text = {(const char *)bytes, length},
        .owner_email = STR("me@example.org"),
        .owner_zone_name = STR("Europe/Berlin"),
        .from = {INT64_C(852076800) * 1000000}, /* 1997, as most of the seeds. */
        .to = {INT64_C(883612800) * 1000000},
        .zones = &zones,
    };
    struct expand_result result;
    struct problem problem = {0};
    if (calendar_expand(arena, &request, &result, &problem) == OK) {
        check(&result, &request);
    }
    (void)calendar_fingerprint(request.text);
    arena_free(&arena);
    return 0;
}
