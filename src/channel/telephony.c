#include "channel/telephony.h"

#include "channel/failures.h"
#include "model/formats.h"

enum {
    ANSWER_BYTES_MAX = 256 * 1024,
    ID_BYTES_MAX = 64,
    WORD_BYTES_MAX = 40,
    SENDER_NAME_MIN = 3,
    SENDER_NAME_MAX = 11,
    SHORT_CODE_MAX = 6,
    AMOUNT_DIGITS_MAX = 9,
    MICROS_DIGITS = 6,
    RING_SECONDS_DEFAULT = 30,
    RING_SECONDS_MIN = 5
};

struct str telephony_number(struct str text, struct arena *arena)
{
    struct str trimmed = str_trim(text);
    struct str number = trimmed;
    if (trimmed.len > 0 && trimmed.ptr[0] != '+') {
        number = arena_printf(arena, "+%.*s", STR_FMT(trimmed));
    }
    return trimmed.len > 0 && format_e164.is_valid(number) ? number : STR_NONE;
}

bool telephony_id_is_plain(struct str id)
{
    for (size_t i = 0; i < id.len; i++) {
        char c = id.ptr[i];
        bool is_plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                        (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
        if (!is_plain) {
            return false;
        }
    }
    return id.len > 0 && id.len <= ID_BYTES_MAX;
}

bool telephony_sender_is_plain(struct str sender)
{
    bool has_letter = false;
    for (size_t i = 0; i < sender.len; i++) {
        char c = sender.ptr[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_letter && (c < '0' || c > '9')) {
            return false;
        }
        has_letter = has_letter || is_letter;
    }
    size_t most = has_letter ? SENDER_NAME_MAX : SHORT_CODE_MAX;
    return sender.len >= SENDER_NAME_MIN && sender.len <= most;
}

int64_t telephony_count(struct str text)
{
    int64_t number = 0;
    bool is_number = text.len > 0 && text.ptr[0] >= '0' && text.ptr[0] <= '9';
    return is_number && str_to_int(text, &number) == OK ? number : -1;
}

int64_t telephony_micros(struct str amount)
{
    size_t point = str_find_byte(amount, '.', 0);
    struct str whole = str_slice(amount, 0, point);
    int64_t micros = telephony_count(whole);
    if (micros < 0 || whole.len > AMOUNT_DIGITS_MAX) {
        return -1;
    }
    /* What is smaller than a millionth is cut off. */
    for (size_t i = 0; i < MICROS_DIGITS; i++) {
        size_t at = point + 1 + i;
        char c = at < amount.len ? amount.ptr[at] : '0';
        if (c < '0' || c > '9') {
            return -1;
        }
        micros = micros * 10 + (c - '0');
    }
    return micros;
}

struct str telephony_word(struct str text, struct arena *arena)
{
    return text.len == 0 ? STR_NONE : str_cut_utf8(verdict_quote(text, arena), WORD_BYTES_MAX);
}

struct instant telephony_time(struct str text, struct duration ahead, struct arena *arena)
{
    struct instant at = INSTANT_NONE;
    if (instant_parse(text, &at) == OK) {
        return at;
    }
    struct str as_utc = arena_printf(arena, "%.*sZ", STR_FMT(text));
    return instant_parse(as_utc, &at) == OK ? instant_sub(at, ahead) : INSTANT_NONE;
}

struct str telephony_base(struct str base_url, const char *usual)
{
    struct str base = base_url.len > 0 ? base_url : str_from(usual);
    while (base.len > 0 && base.ptr[base.len - 1] == '/') {
        base.len--;
    }
    return base;
}

struct wire_request telephony_request(const struct telephony_account *account, const char *method,
                                      struct str path, struct arena *arena)
{
    struct wire_request request = {.kind = WIRE_HTTP, .timeout = account->timeout};
    request.http.method = str_from(method);
    request.http.url = arena_printf(arena, "%.*s%.*s", STR_FMT(account->root), STR_FMT(path));
    request.http.username = account->username;
    request.http.password = account->password;
    request.http.body_bytes_max = ANSWER_BYTES_MAX;
    return request;
}

struct wire_request telephony_post(const struct telephony_account *account, struct str path,
                                   const char *type, struct str body, struct arena *arena)
{
    struct wire_request request = telephony_request(account, "POST", path, arena);
    request.http.headers[0] = (struct http_header){STR("Content-Type"), str_from(type)};
    request.http.header_count = 1;
    request.http.body = body;
    return request;
}

int telephony_ring_seconds(const struct provider_settings *settings, int most)
{
    int seconds = settings->ring_seconds > 0 ? settings->ring_seconds : RING_SECONDS_DEFAULT;
    return seconds < RING_SECONDS_MIN ? RING_SECONDS_MIN : seconds > most ? most : seconds;
}

/* What a refusal's words tell. Rows are tried in order; in lower case. A phrase stands for whole
 * words, or with a '*' at its end for what words begin with: "invalid to" is no "Invalid token",
 * which would take the number of whoever was to be reached out of use. */
struct phrase_row {
    const char *phrase;
    enum failure_class class;
    enum failure_category category;
};

/* clang-format off */
static const struct phrase_row phrase_rows[] = {
    {"concurren*",        failure_class_AGAIN,     failure_category_rate_limited},
    {"calls per second",  failure_class_AGAIN,     failure_category_rate_limited},
    {"cps",               failure_class_AGAIN,     failure_category_rate_limited},
    {"too many",          failure_class_AGAIN,     failure_category_rate_limited},
    {"rate limit",        failure_class_AGAIN,     failure_category_rate_limited},
    {"dnd",               failure_class_OPTED_OUT, failure_category_opted_out},
    {"ndnc",              failure_class_OPTED_OUT, failure_category_opted_out},
    {"opted out",         failure_class_OPTED_OUT, failure_category_opted_out},
    {"opt-out",           failure_class_OPTED_OUT, failure_category_opted_out},
    {"credit*",           failure_class_OURS,      failure_category_auth},
    {"balance",           failure_class_OURS,      failure_category_auth},
    {"not active",        failure_class_OURS,      failure_category_auth},
    {"expired",           failure_class_OURS,      failure_category_auth},
    {"suspended",         failure_class_OURS,      failure_category_auth},
    {"kyc",               failure_class_OURS,      failure_category_auth},
    {"permission*",       failure_class_OURS,      failure_category_auth},
    {"dlt",               failure_class_OURS,      failure_category_rejected_content},
    {"template*",         failure_class_OURS,      failure_category_rejected_content},
    {"caller id",         failure_class_OURS,      failure_category_auth},
    {"callerid",          failure_class_OURS,      failure_category_auth},
    {"invalid recipient", failure_class_RECIPIENT, failure_category_invalid_number},
    {"invalid dst",       failure_class_RECIPIENT, failure_category_invalid_number},
    {"invalid to",        failure_class_RECIPIENT, failure_category_invalid_number},
    {"invalid `to`",      failure_class_RECIPIENT, failure_category_invalid_number},
    {"invalid 'to'",      failure_class_RECIPIENT, failure_category_invalid_number},
    {"invalid \"to\"",    failure_class_RECIPIENT, failure_category_invalid_number},
    {"invalid destination", failure_class_RECIPIENT, failure_category_invalid_number},
};
/* clang-format on */

static bool is_of_word(struct str text, size_t at)
{
    char c = at < text.len ? text.ptr[at] : ' ';
    char lower = (char)(c | 0x20);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9');
}

static bool says(struct str message, const char *phrase)
{
    struct str wanted = str_from(phrase);
    bool is_stem = str_ends(wanted, STR("*"));
    wanted.len -= is_stem ? 1 : 0;
    for (size_t i = 0; i + wanted.len <= message.len; i++) {
        size_t end = i + wanted.len;
        bool is_whole = is_stem || !is_of_word(message, end - 1) || !is_of_word(message, end);
        if ((i == 0 || !is_of_word(message, i - 1)) && is_whole &&
            str_starts_nocase(str_slice(message, i, message.len), wanted)) {
            return true;
        }
    }
    return false;
}

static void class_by_status(int status, struct verdict *out)
{
    out->class = failure_class_OURS;
    out->category = failure_category_provider_error;
    if (status == 401 || status == 402 || status == 403) {
        out->category = failure_category_auth;
    }
}

static void class_by_message(struct str message, int status, struct verdict *out)
{
    for (size_t i = 0; i < ARRAY_LENGTH(phrase_rows); i++) {
        if (says(message, phrase_rows[i].phrase)) {
            out->class = phrase_rows[i].class;
            out->category = phrase_rows[i].category;
            return;
        }
    }
    class_by_status(status, out);
}

void telephony_refuse(const struct telephony_words *words, int status, struct arena *arena,
                      struct verdict *out)
{
    *out = (struct verdict){.kind = VERDICT_REFUSED, .code = telephony_word(words->code, arena)};
    if (status == 401) {
        /* It may repeat what it was given, so its words on a login are not passed on. */
        class_by_status(status, out);
        out->error = arena_printf(arena, "%s refused our credentials (401).", words->title);
        return;
    }
    const struct failure *row = failure_find(words->provider, words->code);
    if (row != NULL) {
        out->class = row->class;
        out->category = row->category;
        out->error = arena_printf(arena, "%s refused it: %s.", words->title, row->doc);
    } else {
        class_by_message(words->message, status, out);
        struct str quoted = verdict_quote(words->message, arena);
        out->error = arena_printf(arena, "%s refused it (%d)%s%.*s", words->title, status,
                                  quoted.len > 0 ? ": " : ".", STR_FMT(quoted));
    }
    out->is_temporary = out->class == failure_class_AGAIN;
}

void telephony_judge(const struct wire_answer *answer, const struct telephony_words *words,
                     struct arena *arena, struct verdict *out)
{
    if (answer->status == 429) {
        *out = (struct verdict){.kind = VERDICT_NOT_SENT,
                                .category = failure_category_rate_limited,
                                .retry_after_seconds = answer->retry_after_seconds};
        out->error = arena_printf(arena, "%s takes no more requests for now (429).", words->title);
        return;
    }
    if (answer->status >= 400 && answer->status < 500 && answer->status != 408) {
        telephony_refuse(words, answer->status, arena, out);
        return;
    }
    bool is_slow = answer->status == 408 || answer->status == 504;
    *out = (struct verdict){.kind = VERDICT_UNKNOWN,
                            .category = is_slow ? failure_category_timeout
                                                : failure_category_provider_error,
                            .retry_after_seconds = answer->retry_after_seconds};
    out->error = arena_printf(arena, "%s answered with %d.", words->title, answer->status);
}

void telephony_ask_again(const struct wire_answer *answer, const char *title, struct arena *arena,
                         struct verdict *out)
{
    if (verdict_unanswered(answer, arena, out)) {
        out->kind = VERDICT_UNKNOWN; /* Of the question nothing is known but that it failed. */
        return;
    }
    *out = (struct verdict){.kind = VERDICT_UNKNOWN,
                            .category = failure_category_unknown,
                            .retry_after_seconds = answer->retry_after_seconds};
    out->error =
        arena_printf(arena, "%s does not say yet what became of it (%d).", title, answer->status);
}

static void class_by_state(struct provider_news *news)
{
    news->class = failure_class_ELSEWHERE;
    news->category = failure_category_unknown;
    if (news->state == message_state_BUSY) {
        news->category = failure_category_busy;
    } else if (news->state == message_state_NO_ANSWER) {
        news->category = failure_category_no_answer;
    }
}

void telephony_explain(const char *provider, const char *title, struct str code,
                       struct provider_news *news, struct arena *arena)
{
    const struct failure *row = failure_find(provider, code);
    news->code = telephony_word(code, arena);
    if (row == NULL) {
        class_by_state(news);
        return;
    }
    news->class = row->class;
    news->category = row->category;
    news->error = arena_printf(arena, "%s: %s.", title, row->doc);
}

const struct telephony_state *telephony_state_find(const struct telephony_state *rows, size_t count,
                                                   struct str word)
{
    for (size_t i = 0; i < count; i++) {
        if (str_equal_nocase(word, str_from(rows[i].word))) {
            return &rows[i];
        }
    }
    return NULL;
}
