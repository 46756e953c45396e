#include "calendar/ics_text.h"

#include "base/buf.h"
#include "calendar/warnings.h"

#include <assert.h>
#include <string.h>

enum component { VCALENDAR, VEVENT, VTIMEZONE, OBSERVANCE, OTHER };

struct property_row {
    enum component component;
    bool is_text;
    struct str name;
    struct str written_as;
};

static const struct property_row PROPERTIES[] = {
#define ICS_PROPERTY(component, name, written_as) \
    {component, false, STR_INIT(name), STR_INIT(written_as)},
#define ICS_TEXT_PROPERTY(component, name, written_as) \
    {component, true, STR_INIT(name), STR_INIT(written_as)},
#include "calendar/ics_properties.def"
#undef ICS_PROPERTY
#undef ICS_TEXT_PROPERTY
};

struct level {
    enum component component;
    struct str name;
    size_t line_count;
};

struct cleaner {
    struct warning_list *warnings;
    struct problem *problem;
    struct str text;
    size_t at;
    size_t line_number; /* Of the physical line read last. */
    struct buf line;    /* The logical line read last, cut at ICS_LINE_BYTES_MAX. */
    bool is_over_long;
    struct level levels[ICS_DEPTH_MAX];
    size_t depth;
    size_t component_count;
    size_t zone_count;
    struct buf out;
};

static struct str skip_mark(struct str text)
{
    static const struct str mark = STR_INIT("\xEF\xBB\xBF");
    return str_starts(text, mark) ? str_slice(text, mark.len, text.len) : text;
}

bool ics_text_is_calendar(struct str text)
{
    return str_starts_nocase(str_trim(skip_mark(str_trim(text))), STR("BEGIN:VCALENDAR"));
}

bool ics_text_is_complete(struct str text)
{
    static const struct str end = STR_INIT("END:VCALENDAR");
    static const struct str begin = STR_INIT("BEGIN:VCALENDAR");
    for (size_t at = text.len; at-- > 0;) {
        struct str tail = str_slice(text, at, text.len);
        if (str_starts_nocase(tail, end)) {
            return true;
        }
        if (str_starts_nocase(tail, begin)) {
            return false;
        }
    }
    return false;
}

struct str ics_text_display(struct arena *arena, struct str raw, size_t bytes_max)
{
    struct buf out = {.arena = arena};
    size_t at = 0;
    while (at < raw.len && out.len < bytes_max + 4) {
        unsigned char c = (unsigned char)raw.ptr[at];
        size_t length = c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
        struct str sequence = str_slice(raw, at, at + length);
        if (c < 0x20 || c == 0x7F) {
            buf_add_byte(&out, ' ');
            at += 1;
        } else if (sequence.len == length && str_is_utf8(sequence)) {
            buf_add(&out, sequence);
            at += length;
        } else {
            buf_add(&out, STR("\xEF\xBF\xBD"));
            at += 1;
        }
    }
    return str_trim(str_cut_utf8(buf_str(&out), bytes_max));
}

/* One physical line without its end; NUL bytes are dropped when it is added to the logical line. */
static struct str next_physical(struct cleaner *cleaner)
{
    size_t from = cleaner->at;
    size_t to = from;
    struct str text = cleaner->text;
    while (to < text.len && text.ptr[to] != '\n' && text.ptr[to] != '\r') {
        to++;
    }
    cleaner->at = to < text.len ? to + 1 : to;
    if (to + 1 < text.len && text.ptr[to] == '\r' && text.ptr[to + 1] == '\n') {
        cleaner->at = to + 2;
    }
    cleaner->line_number++;
    return str_slice(text, from, to);
}

static void line_append(struct cleaner *cleaner, struct str piece)
{
    size_t room = ICS_LINE_BYTES_MAX - cleaner->line.len;
    if (piece.len > room) {
        cleaner->is_over_long = true;
        piece = str_cut_utf8(piece, room);
    }
    if (memchr(piece.ptr, '\0', piece.len) == NULL) {
        buf_add(&cleaner->line, piece);
        return;
    }
    for (size_t i = 0; i < piece.len; i++) {
        if (piece.ptr[i] != '\0') {
            buf_add_byte(&cleaner->line, piece.ptr[i]);
        }
    }
}

/* Empty lines end nothing: files that went through a bad conversion have one after each line,
 * folded or not. */
static bool next_line_folds(const struct cleaner *cleaner)
{
    size_t at = cleaner->at;
    while (at < cleaner->text.len &&
           (cleaner->text.ptr[at] == '\r' || cleaner->text.ptr[at] == '\n')) {
        at++;
    }
    return at < cleaner->text.len &&
           (cleaner->text.ptr[at] == ' ' || cleaner->text.ptr[at] == '\t');
}

static bool next_logical(struct cleaner *cleaner, struct str *out)
{
    buf_clear(&cleaner->line);
    cleaner->is_over_long = false;
    while (cleaner->at < cleaner->text.len) {
        struct str piece = next_physical(cleaner);
        if (piece.len == 0) {
            continue;
        }
        bool is_fold = cleaner->line.len > 0 && (piece.ptr[0] == ' ' || piece.ptr[0] == '\t');
        line_append(cleaner, is_fold ? str_slice(piece, 1, piece.len) : piece);
        if (!next_line_folds(cleaner) && cleaner->line.len > 0) {
            break;
        }
    }
    *out = buf_str(&cleaner->line);
    return out->len > 0;
}

static void emit(struct cleaner *cleaner, struct str head, struct str tail)
{
    buf_add(&cleaner->out, head);
    buf_add(&cleaner->out, tail);
    buf_add(&cleaner->out, STR("\r\n"));
}

static void pop_level(struct cleaner *cleaner)
{
    assert(cleaner->depth > 0);
    const struct level *top = &cleaner->levels[--cleaner->depth];
    if (top->component != OTHER) {
        emit(cleaner, STR("END:"), top->name);
    }
}

static enum component classify(struct cleaner *cleaner, struct str name)
{
    enum component parent =
        cleaner->depth > 0 ? cleaner->levels[cleaner->depth - 1].component : OTHER;
    if (cleaner->depth == 0) {
        return str_equal_nocase(name, STR("VCALENDAR")) ? VCALENDAR : OTHER;
    }
    if (parent == VCALENDAR && str_equal_nocase(name, STR("VEVENT"))) {
        return VEVENT;
    }
    if (parent == VCALENDAR && str_equal_nocase(name, STR("VTIMEZONE"))) {
        return ++cleaner->zone_count <= ICS_ZONES_MAX ? VTIMEZONE : OTHER;
    }
    bool is_observance =
        str_equal_nocase(name, STR("STANDARD")) || str_equal_nocase(name, STR("DAYLIGHT"));
    return parent == VTIMEZONE && is_observance ? OBSERVANCE : OTHER;
}

/* An event that begins inside an event, or a calendar inside a calendar, means that an END is
 * missing before it. */
static void close_unclosed(struct cleaner *cleaner, struct str name)
{
    for (size_t i = 0; i < cleaner->depth; i++) {
        const struct level *level = &cleaner->levels[i];
        if (level->component == OTHER || !str_equal_nocase(level->name, name)) {
            continue;
        }
        warning_add(cleaner->warnings, STR_NONE, "line %zu begins a %.*s inside another one",
                    cleaner->line_number, STR_FMT(name));
        while (cleaner->depth > i) {
            pop_level(cleaner);
        }
    }
}

static enum err begin_component(struct cleaner *cleaner, struct str name)
{
    if (++cleaner->component_count > ICS_COMPONENTS_MAX) {
        return problem_set(cleaner->problem, E_TOO_LARGE, NULL,
                           "The calendar has more than %d components.", ICS_COMPONENTS_MAX);
    }
    close_unclosed(cleaner, name);
    if (cleaner->depth == ICS_DEPTH_MAX) {
        return problem_set(cleaner->problem, E_INVALID, NULL,
                           "The calendar's components are nested deeper than %d.", ICS_DEPTH_MAX);
    }
    struct level level = {.component = classify(cleaner, name),
                          .name = arena_str(cleaner->out.arena, name)};
    if (level.component != OTHER) {
        emit(cleaner, STR("BEGIN:"), name);
    }
    cleaner->levels[cleaner->depth++] = level;
    return OK;
}

static void end_component(struct cleaner *cleaner, struct str name)
{
    for (size_t i = cleaner->depth; i-- > 0;) {
        if (!str_equal_nocase(cleaner->levels[i].name, name)) {
            continue;
        }
        while (cleaner->depth > i) {
            pop_level(cleaner);
        }
        return;
    }
    warning_add(cleaner->warnings, STR_NONE, "line %zu ends a %.*s that never began",
                cleaner->line_number, STR_FMT(name));
}

static const struct property_row *find_property(enum component component, struct str name)
{
    for (size_t i = 0; i < ARRAY_LENGTH(PROPERTIES); i++) {
        if (PROPERTIES[i].component == component && str_equal_nocase(PROPERTIES[i].name, name)) {
            return &PROPERTIES[i];
        }
    }
    return NULL;
}

static void property_line(struct cleaner *cleaner, struct str line, size_t name_length)
{
    struct level *level = &cleaner->levels[cleaner->depth - 1];
    struct str name = str_trim(str_slice(line, 0, name_length));
    const struct property_row *row = find_property(level->component, name);
    if (row == NULL || line.ptr[line.len - 1] == ':') {
        return; /* Nothing is said by a property without a value. */
    }
    if (cleaner->is_over_long && !row->is_text) {
        warning_add(cleaner->warnings, STR_NONE, "%.*s in line %zu is too long: it is skipped",
                    STR_FMT(name), cleaner->line_number);
        return;
    }
    if (++level->line_count > ICS_COMPONENT_LINES_MAX) {
        warning_add(cleaner->warnings, STR_NONE, "line %zu: more than %d lines in one component",
                    cleaner->line_number, ICS_COMPONENT_LINES_MAX);
        return;
    }
    emit(cleaner, row->written_as, str_slice(line, name_length, line.len));
}

static enum err clean_line(struct cleaner *cleaner, struct str line)
{
    size_t colon = str_find_byte(line, ':', 0);
    size_t semicolon = str_find_byte(str_slice(line, 0, colon), ';', 0);
    size_t name_length = semicolon < colon ? semicolon : colon;
    struct str name = str_trim(str_slice(line, 0, name_length));
    struct str value = str_trim(str_slice(line, colon + 1, line.len));
    if (str_equal_nocase(name, STR("BEGIN")) && value.len > 0) {
        return begin_component(cleaner, value);
    }
    if (str_equal_nocase(name, STR("END")) && value.len > 0) {
        end_component(cleaner, value);
        return OK;
    }
    if (cleaner->depth == 0 || cleaner->levels[cleaner->depth - 1].component == OTHER) {
        return OK;
    }
    if (colon == line.len || name.len == 0) {
        warning_add(cleaner->warnings, STR_NONE, "line %zu is not \"NAME:value\": it is skipped",
                    cleaner->line_number);
        return OK;
    }
    property_line(cleaner, line, name_length);
    return OK;
}

enum err ics_text_clean(struct arena *arena, struct str text, struct warning_list *warnings,
                        struct str *out, struct problem *problem)
{
    if (text.len > ICS_BYTES_MAX) {
        return problem_set(problem, E_TOO_LARGE, NULL, "The calendar is over %d MiB.",
                           ICS_BYTES_MAX / (1024 * 1024));
    }
    if (!ics_text_is_calendar(text)) {
        return problem_set(problem, E_INVALID, NULL,
                           "This is not a calendar: it does not begin with BEGIN:VCALENDAR.");
    }
    struct cleaner cleaner = {
        .warnings = warnings,
        .problem = problem,
        .text = skip_mark(str_trim(text)),
        .line = {.arena = arena},
        .out = {.arena = arena},
    };
    buf_reserve(&cleaner.out, text.len);
    for (struct str line; next_logical(&cleaner, &line);) {
        TRY(clean_line(&cleaner, line));
    }
    if (cleaner.depth > 1) {
        /* Half a calendar would look like cancelled meetings. */
        return problem_set(
            problem, E_INVALID, NULL, "The calendar is cut off: it ends inside a %.*s in line %zu.",
            STR_FMT(str_cut_utf8(cleaner.levels[cleaner.depth - 1].name, 40)), cleaner.line_number);
    }
    if (cleaner.depth > 0) {
        warning_add(warnings, STR_NONE, "the text ends inside a %.*s",
                    STR_FMT(cleaner.levels[cleaner.depth - 1].name));
    }
    while (cleaner.depth > 0) {
        pop_level(&cleaner);
    }
    if (cleaner.zone_count > ICS_ZONES_MAX) {
        warning_add(warnings, STR_NONE, "more than %d VTIMEZONEs: the others are left out",
                    ICS_ZONES_MAX);
    }
    *out = buf_str(&cleaner.out);
    return OK;
}
