#include "channel/whatsapp_templates.h"

enum { TEMPLATE_ID_BYTES_MAX = 64 };

struct template_row {
    struct str key;
    struct str language; /* STR_NONE for any. */
    struct str id;
};

/* False at the end. Empty rows, as behind a last semicolon, are passed over. */
static bool next_row(struct str *rest, struct template_row *out)
{
    struct str row = STR_NONE;
    while (str_split(rest, ';', &row)) {
        row = str_trim(row);
        if (row.len == 0) {
            continue;
        }
        size_t equals = str_find_byte(row, '=', 0);
        struct str name = str_trim(str_slice(row, 0, equals));
        size_t slash = str_find_byte(name, '/', 0);
        out->id = equals < row.len ? str_trim(str_slice(row, equals + 1, row.len)) : STR_NONE;
        out->key = str_slice(name, 0, slash);
        out->language = slash < name.len ? str_slice(name, slash + 1, name.len) : STR_NONE;
        return true;
    }
    return false;
}

static bool id_is_plain(struct str id)
{
    for (size_t i = 0; i < id.len; i++) {
        char c = id.ptr[i];
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        (c >= '0' && c <= '9') || c == '_' || c == '-';
        if (!is_plain) {
            return false;
        }
    }
    return id.len > 0 && id.len <= TEMPLATE_ID_BYTES_MAX;
}

enum err whatsapp_templates_check(struct str setting, struct problem *problem)
{
    static const char name[] = "WHATSAPP_TEMPLATES";
    struct template_row row;
    enum text_key key = text_key_NONE;
    while (next_row(&setting, &row)) {
        if (text_key_parse(row.key, &key) != OK) {
            return problem_set(problem, E_INVALID, name, "%s: there is no text %.*s.", name,
                               STR_FMT(str_cut_utf8(row.key, 40)));
        }
        if (str_is_set(row.language) && !str_equal(render_language(row.language), row.language)) {
            return problem_set(problem, E_INVALID, name, "%s: there are no texts in %.*s.", name,
                               STR_FMT(str_cut_utf8(row.language, 40)));
        }
        if (!id_is_plain(row.id)) {
            return problem_set(problem, E_INVALID, name,
                               "%s: %.*s needs the id of an approved template, such as HX….", name,
                               STR_FMT(row.key));
        }
    }
    return OK;
}

struct str whatsapp_template_find(struct str setting, enum text_key key, struct str language)
{
    struct str found = STR_NONE;
    struct template_row row;
    while (next_row(&setting, &row)) {
        if (!str_equal_text(row.key, text_key_name(key))) {
            continue;
        }
        if (str_is_set(row.language) && str_equal(row.language, render_language(language))) {
            return row.id;
        }
        found = str_is_set(row.language) ? found : row.id;
    }
    return found;
}
