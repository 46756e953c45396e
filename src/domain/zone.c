#include "domain/zone.h"

#include "domain/zone_footer.h"

#include <assert.h>
#include <string.h>

enum {
    HEADER_BYTES = 44,
    TYPE_BYTES = 6,
    TIME_BYTES = 8,
    TIME_BYTES_VERSION_1 = 4,
    TYPES_MAX = 256
};

static const int64_t MICROSECONDS_PER_SECOND = 1000000;
/* 2401-01-01T00:00:00Z. The Gregorian calendar, and with it every footer, repeats after 400 years.
 */
static const int64_t TRANSITIONS_END = 13601088000;

/* The counts at the head of a TZif block, in the file's order. */
struct tzif_header {
    char version;
    uint32_t universal_count;
    uint32_t standard_count;
    uint32_t leap_count;
    uint32_t transition_count;
    uint32_t type_count;
    uint32_t abbreviation_bytes;
};

/* The local time type at an instant, and the UTC second at which it ends; INT64_MAX where it does
 * not. */
struct period {
    int64_t end;
    int32_t offset;
    bool is_dst;
    const char *abbreviation;
};

static uint32_t load_u32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | (uint32_t)p[3];
}

static int64_t load_i64(const uint8_t *p)
{
    return (int64_t)((uint64_t)load_u32(p) << 32 | load_u32(p + 4));
}

static enum err header_read(const uint8_t *bytes, size_t len, struct tzif_header *out)
{
    static const char magic[4] = {'T', 'Z', 'i', 'f'};
    if (len < HEADER_BYTES || memcmp(bytes, magic, sizeof magic) != 0) {
        return E_INVALID;
    }
    /* Version 1, a NUL, has neither 64-bit times nor a footer. Later versions must stay readable as
     * version 2. */
    if (bytes[4] < '2' || bytes[4] > '9') {
        return E_INVALID;
    }
    *out = (struct tzif_header){.version = (char)bytes[4],
                                .universal_count = load_u32(bytes + 20),
                                .standard_count = load_u32(bytes + 24),
                                .leap_count = load_u32(bytes + 28),
                                .transition_count = load_u32(bytes + 32),
                                .type_count = load_u32(bytes + 36),
                                .abbreviation_bytes = load_u32(bytes + 40)};
    return OK;
}

/* Cannot overflow: seven counts of 32 bits, none of them times more than 13. */
static uint64_t block_bytes(const struct tzif_header *header, uint64_t time_bytes)
{
    assert(time_bytes == TIME_BYTES || time_bytes == TIME_BYTES_VERSION_1);
    return header->transition_count * (time_bytes + 1) + header->type_count * (uint64_t)TYPE_BYTES +
           header->abbreviation_bytes + header->leap_count * (time_bytes + 4) +
           header->standard_count + header->universal_count;
}

static bool header_is_sound(const struct tzif_header *header)
{
    return header->type_count >= 1 && header->type_count <= TYPES_MAX &&
           header->abbreviation_bytes >= 1 &&
           /* A file that counts leap seconds ("right/…") does not speak of POSIX time. */
           header->leap_count == 0 &&
           (header->standard_count == 0 || header->standard_count == header->type_count) &&
           (header->universal_count == 0 || header->universal_count == header->type_count);
}

static bool type_is_sound(const struct zone *zone, uint32_t index)
{
    const uint8_t *type = zone->types + (size_t)index * TYPE_BYTES;
    /* Brought into the range of offsets while still unsigned, where no arithmetic overflows. */
    uint32_t offset_from_min = load_u32(type) - (uint32_t)ZONE_OFFSET_MIN;
    assert(index < zone->type_count);
    if (offset_from_min > (uint32_t)(ZONE_OFFSET_MAX - ZONE_OFFSET_MIN) || type[4] > 1 ||
        type[5] >= zone->abbreviation_bytes) {
        return false;
    }
    const char *name = zone->abbreviations + type[5];
    const char *end = memchr(name, '\0', zone->abbreviation_bytes - type[5]);
    return end != NULL && zone_abbreviation_is_valid((struct str){name, (size_t)(end - name)});
}

static int64_t transition_time(const struct zone *zone, uint32_t index)
{
    assert(index < zone->transition_count);
    return load_i64(zone->transition_times + (size_t)index * TIME_BYTES);
}

static enum err check_tables(const struct zone *zone)
{
    for (uint32_t i = 0; i < zone->type_count; i++) {
        if (!type_is_sound(zone, i)) {
            return E_INVALID;
        }
    }
    for (uint32_t i = 0; i < zone->transition_count; i++) {
        if (zone->transition_types[i] >= zone->type_count ||
            (i > 0 && transition_time(zone, i) <= transition_time(zone, i - 1))) {
            return E_INVALID;
        }
    }
    return OK;
}

/* The rest of the file must be a newline, the TZ string, which may be empty, and a newline. */
static enum err footer_read(const uint8_t *bytes, size_t len, struct zone_footer *out)
{
    struct str text = {(const char *)bytes, len};
    if (len < 2 || bytes[0] != '\n' || str_find_byte(text, '\n', 1) != len - 1) {
        return E_INVALID;
    }
    return len == 2 ? OK : zone_footer_parse(str_slice(text, 1, len - 1), out);
}

enum err zone_parse(const uint8_t *bytes, size_t len, struct zone *out)
{
    struct tzif_header first;
    struct tzif_header header;
    struct zone zone = {0};
    assert(bytes != NULL || len == 0);
    memset(out, 0, sizeof *out);
    TRY(header_read(bytes, len, &first));
    uint64_t skipped = HEADER_BYTES + block_bytes(&first, TIME_BYTES_VERSION_1);
    if (skipped > len) {
        return E_INVALID;
    }
    const uint8_t *rest = bytes + skipped;
    size_t rest_len = len - (size_t)skipped;
    TRY(header_read(rest, rest_len, &header));
    uint64_t used = HEADER_BYTES + block_bytes(&header, TIME_BYTES);
    if (header.version != first.version || !header_is_sound(&header) || used > rest_len) {
        return E_INVALID;
    }
    zone.transition_count = header.transition_count;
    zone.type_count = header.type_count;
    zone.abbreviation_bytes = header.abbreviation_bytes;
    zone.transition_times = rest + HEADER_BYTES;
    zone.transition_types = zone.transition_times + (size_t)zone.transition_count * TIME_BYTES;
    zone.types = zone.transition_types + zone.transition_count;
    zone.abbreviations = (const char *)zone.types + (size_t)zone.type_count * TYPE_BYTES;
    TRY(check_tables(&zone));
    TRY(footer_read(rest + used, rest_len - (size_t)used, &zone.footer));
    *out = zone;
    return OK;
}

struct zone zone_utc(void)
{
    return (struct zone){.footer = {.is_set = true, .standard_name = "UTC"}};
}

/* How many transitions lie at or before `second`. The loop has no branch to predict, which halves
 * its time. */
static uint32_t transitions_until(const struct zone *zone, int64_t second)
{
    if (zone->transition_count == 0 || load_i64(zone->transition_times) > second) {
        return 0;
    }
    uint32_t last = 0;
    for (uint32_t count = zone->transition_count; count > 1;) {
        uint32_t half = count / 2;
        uint32_t is_past = transition_time(zone, last + half) <= second;
        last += half * is_past;
        count -= half;
    }
    return last + 1;
}

static struct period footer_period(const struct zone_footer *footer, int64_t second)
{
    struct zone_footer_span span = zone_footer_span_at(footer, second);
    assert(span.end > second);
    return (struct period){
        .end = span.end,
        .offset = span.is_dst ? footer->dst_offset : footer->standard_offset,
        .is_dst = span.is_dst,
        .abbreviation = span.is_dst ? footer->dst_name : footer->standard_name,
    };
}

static struct period period_at(const struct zone *zone, int64_t second)
{
    uint32_t past = transitions_until(zone, second);
    if (past == zone->transition_count && zone->footer.is_set) {
        return footer_period(&zone->footer, second);
    }
    assert(zone->type_count > 0);
    /* Before the first transition the first type holds (RFC 9636 3.2). */
    size_t type_index = past == 0 ? 0 : zone->transition_types[past - 1];
    const uint8_t *type = zone->types + type_index * TYPE_BYTES;
    return (struct period){
        .end = past == zone->transition_count ? INT64_MAX : transition_time(zone, past),
        .offset = (int32_t)load_u32(type),
        .is_dst = type[4] != 0,
        .abbreviation = zone->abbreviations + type[5],
    };
}

static int64_t whole_seconds(struct instant at)
{
    int64_t second = at.us / MICROSECONDS_PER_SECOND;
    return at.us % MICROSECONDS_PER_SECOND < 0 ? second - 1 : second;
}

struct zone_local zone_local_at(const struct zone *zone, struct instant at)
{
    struct period period = period_at(zone, whole_seconds(at));
    struct zone_local local = {.offset_seconds = period.offset, .is_dst = period.is_dst};
    size_t len = strlen(period.abbreviation);
    assert(len < sizeof local.abbreviation);
    memcpy(local.abbreviation, period.abbreviation, len);
    return local;
}

int32_t zone_offset_at(const struct zone *zone, struct instant at)
{
    return period_at(zone, whole_seconds(at)).offset;
}

struct civil zone_to_civil(const struct zone *zone, struct instant at)
{
    int64_t second = whole_seconds(at);
    return civil_from_seconds(second + period_at(zone, second).offset);
}

/* What a wall clock can mean, in UTC seconds. */
struct meaning {
    int64_t first;
    int64_t last;
    enum zone_fit fit;
};

/* Looks at every period that could show this wall clock, which is one but for the days around a
 * transition. */
static struct meaning wall_meaning(const struct zone *zone, int64_t wall)
{
    struct meaning meaning = {.fit = ZONE_GAP};
    bool in_gap = false;
    struct period period = period_at(zone, wall - ZONE_OFFSET_MAX);
    for (int64_t start = INT64_MIN;;) {
        int64_t second = wall - period.offset;
        if (second >= start && second < period.end) {
            meaning.first = meaning.fit == ZONE_GAP ? second : meaning.first;
            meaning.last = second;
            meaning.fit = meaning.fit == ZONE_GAP ? ZONE_UNIQUE : ZONE_FOLD;
        }
        if (period.end > wall - ZONE_OFFSET_MIN) {
            break;
        }
        start = period.end;
        period = period_at(zone, start);
        /* Too late for the period that ends, too early for the one that begins: the clock jumped
         * over it. */
        bool jumps_over = second >= start && wall - period.offset < start;
        if (meaning.fit == ZONE_GAP && jumps_over && !in_gap) {
            in_gap = true;
            meaning.first = second;
            meaning.last = second;
        }
    }
    assert(meaning.fit != ZONE_GAP || in_gap);
    return meaning;
}

static int64_t wall_seconds(struct civil wall)
{
    /* So far out, an instant could no longer hold the answer. */
    assert(wall.year >= -200000 && wall.year <= 200000);
    return civil_to_seconds(wall);
}

struct instant zone_to_instant(const struct zone *zone, struct civil wall, enum zone_fit *fit)
{
    struct meaning meaning = wall_meaning(zone, wall_seconds(wall));
    if (fit != NULL) {
        *fit = meaning.fit;
    }
    return (struct instant){meaning.first * MICROSECONDS_PER_SECOND};
}

struct instant zone_to_instant_last(const struct zone *zone, struct civil wall)
{
    struct meaning meaning = wall_meaning(zone, wall_seconds(wall));
    return (struct instant){meaning.last * MICROSECONDS_PER_SECOND};
}

bool zone_next_transition(const struct zone *zone, struct instant from, struct instant *out)
{
    struct period period = period_at(zone, whole_seconds(from));
    while (period.end < TRANSITIONS_END) {
        struct period next = period_at(zone, period.end);
        assert(next.end > period.end);
        /* Files hold transitions that change nothing that a clock shows, such as one at -2^31. */
        if (next.offset != period.offset || strcmp(next.abbreviation, period.abbreviation) != 0) {
            *out = (struct instant){period.end * MICROSECONDS_PER_SECOND};
            return true;
        }
        period = next;
    }
    return false;
}
