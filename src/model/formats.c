#include "model/formats.h"

#include <string.h>

enum {
    EMAIL_BYTES_MAX = 254,
    EMAIL_LOCAL_BYTES_MAX = 64,
    LABEL_BYTES_MAX = 63,
    LOCALE_BYTES_MAX = 35,
    TIMEZONE_BYTES_MAX = 64,
    TIMEZONE_PARTS_MAX = 3,
    URL_BYTES_MAX = 2048,
    DEDUP_KEY_BYTES_MAX = 255,
    SLUG_BYTES_MAX = 64,
    CALL_ID_BYTES_MAX = 100
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool is_one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

/* Whether each byte is a letter, a digit or one of `others`. */
static bool is_made_of(struct str text, const char *others)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!is_letter(text.ptr[i]) && !is_digit(text.ptr[i]) && !is_one_of(text.ptr[i], others)) {
            return false;
        }
    }
    return true;
}

static bool is_all_digits(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!is_digit(text.ptr[i])) {
            return false;
        }
    }
    return text.len > 0;
}

static bool is_e164(struct str text)
{
    return text.len >= 8 && text.len <= 16 && text.ptr[0] == '+' && text.ptr[1] != '0' &&
           is_all_digits(str_slice(text, 1, text.len));
}

const struct text_format format_e164 = {
    .name = "e164",
    .pattern = "^\\+[1-9][0-9]{6,14}$",
    .advice = "an E.164 number such as +14155550101",
    .is_valid = is_e164,
};

/* A dot-string: words of "atext" with single dots between them. */
static bool is_email_local(struct str local)
{
    if (local.len == 0 || local.len > EMAIL_LOCAL_BYTES_MAX) {
        return false;
    }
    struct str rest = local;
    struct str word;
    while (str_split(&rest, '.', &word)) {
        if (word.len == 0 || !is_made_of(word, "!#$%&'*+/=?^_`{|}~-")) {
            return false;
        }
    }
    return true;
}

static bool is_host_name(struct str host)
{
    struct str rest = host;
    struct str label;
    while (str_split(&rest, '.', &label)) {
        if (label.len == 0 || label.len > LABEL_BYTES_MAX || !is_made_of(label, "-") ||
            label.ptr[0] == '-' || label.ptr[label.len - 1] == '-') {
            return false;
        }
    }
    return host.len > 0;
}

static bool is_email(struct str text)
{
    size_t at = str_find_byte(text, '@', 0);
    return text.len <= EMAIL_BYTES_MAX && at < text.len && is_email_local(str_slice(text, 0, at)) &&
           is_host_name(str_slice(text, at + 1, text.len));
}

const struct text_format format_email = {
    .name = "email",
    .pattern = "^[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$",
    .advice = "one plain email address such as ana@example.com",
    .is_valid = is_email,
};

static bool is_hhmm(struct str text)
{
    if (text.len != 5 || text.ptr[2] != ':' || !is_all_digits(str_slice(text, 0, 2)) ||
        !is_all_digits(str_slice(text, 3, 5))) {
        return false;
    }
    int hour = (text.ptr[0] - '0') * 10 + (text.ptr[1] - '0');
    return hour <= 23 && text.ptr[3] <= '5';
}

const struct text_format format_hhmm = {
    .name = "hh:mm",
    .pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$",
    .advice = "a time of day from 00:00 to 23:59, such as 08:30",
    .is_valid = is_hhmm,
};

static bool is_timezone(struct str text)
{
    struct str rest = text;
    struct str part;
    int parts = 0;
    while (str_split(&rest, '/', &part)) {
        parts++;
        if (part.len == 0 || !is_letter(part.ptr[0]) || !is_made_of(part, "_+-")) {
            return false;
        }
    }
    return parts >= 1 && parts <= TIMEZONE_PARTS_MAX && text.len <= TIMEZONE_BYTES_MAX;
}

const struct text_format format_timezone = {
    .name = "timezone",
    .pattern = "^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z][A-Za-z0-9_+-]*){0,2}$",
    .advice = "an IANA time zone such as Europe/Berlin",
    .is_valid = is_timezone,
};

static bool is_language(struct str part)
{
    for (size_t i = 0; i < part.len; i++) {
        if (!is_letter(part.ptr[i])) {
            return false;
        }
    }
    return part.len == 2 || part.len == 3;
}

static bool is_locale(struct str text)
{
    struct str rest = text;
    struct str part;
    if (text.len > LOCALE_BYTES_MAX || !str_split(&rest, '-', &part) || !is_language(part)) {
        return false;
    }
    while (str_split(&rest, '-', &part)) {
        if (part.len == 0 || part.len > 8 || !is_made_of(part, "")) {
            return false;
        }
    }
    return true;
}

const struct text_format format_locale = {
    .name = "locale",
    .pattern = "^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$",
    .advice = "a language tag such as en, en-US or zh-Hant",
    .is_valid = is_locale,
};

/* What stands behind "://": false for an unknown scheme. */
static bool cut_scheme(struct str text, struct str *out)
{
    static const struct str schemes[] = {STR_INIT("https://"), STR_INIT("http://"),
                                         STR_INIT("webcal://")};
    for (size_t i = 0; i < ARRAY_LENGTH(schemes); i++) {
        if (str_starts_nocase(text, schemes[i])) {
            *out = str_slice(text, schemes[i].len, text.len);
            return true;
        }
    }
    return false;
}

/* Printable ASCII without space and without what RFC 3986 leaves out and parsers disagree on. */
static bool is_url_text(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] <= ' ' || text.ptr[i] >= 0x7f || is_one_of(text.ptr[i], "\"<>\\^`{|}")) {
            return false;
        }
    }
    return true;
}

static bool is_port(struct str port)
{
    int64_t number = 0;
    return port.len <= 5 && is_all_digits(port) && str_to_int(port, &number) == OK && number >= 1 &&
           number <= 65535;
}

/* "[user[:password]@]host[:port]"; the host a name, an IPv4 address or an IPv6 address in brackets.
 */
static bool is_authority(struct str authority)
{
    size_t user_end = str_find_byte(authority, '@', 0);
    struct str host =
        user_end < authority.len ? str_slice(authority, user_end + 1, authority.len) : authority;
    bool is_bracketed = host.len > 0 && host.ptr[0] == '[';
    size_t end = str_find_byte(host, is_bracketed ? ']' : ':', 0);
    struct str name = str_slice(host, is_bracketed ? 1 : 0, end);
    struct str behind = str_slice(host, is_bracketed ? end + 1 : end, host.len);
    if (behind.len > 0 && (behind.ptr[0] != ':' || !is_port(str_slice(behind, 1, behind.len)))) {
        return false;
    }
    if (is_bracketed) {
        return end < host.len && name.len > 0 && is_made_of(name, ":.");
    }
    return name.len > 0 && name.ptr[0] != '.' && is_made_of(name, "-._");
}

static bool is_url(struct str text)
{
    struct str rest;
    if (text.len > URL_BYTES_MAX || !is_url_text(text) || !cut_scheme(text, &rest)) {
        return false;
    }
    size_t end = 0;
    while (end < rest.len && !is_one_of(rest.ptr[end], "/?#")) {
        end++;
    }
    return is_authority(str_slice(rest, 0, end));
}

struct str url_authority(struct str url)
{
    size_t scheme = str_find(url, STR("://"));
    struct str rest = scheme < url.len ? str_slice(url, scheme + 3, url.len) : url;
    return str_slice(rest, 0, str_find_byte(rest, '/', 0));
}

const struct text_format format_url = {
    .name = "uri",
    .pattern = "^([Hh][Tt][Tt][Pp][Ss]?|[Ww][Ee][Bb][Cc][Aa][Ll])://[!-~]+$",
    .advice = "an http, https or webcal URL with a host, percent-encoded where needed",
    .is_valid = is_url,
};

static bool is_dedup_key(struct str text)
{
    if (text.len == 0 || text.len > DEDUP_KEY_BYTES_MAX || text.ptr[0] == ' ' ||
        text.ptr[text.len - 1] == ' ') {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c < 0x20 || c == 0x7f) {
            return false;
        }
    }
    return true;
}

const struct text_format format_dedup_key = {
    .name = "dedup-key",
    .pattern = "^[^\\x00-\\x20\\x7f]([^\\x00-\\x1f\\x7f]*[^\\x00-\\x20\\x7f])?$",
    .advice = "a key of 1 to 255 bytes without control characters or spaces around it",
    .is_valid = is_dedup_key,
};

static bool is_slug(struct str text)
{
    struct str rest = text;
    struct str word;
    if (text.len == 0 || text.len > SLUG_BYTES_MAX || str_ends(text, STR("-"))) {
        return false;
    }
    while (str_split(&rest, '-', &word)) {
        bool has_capital = false;
        for (size_t i = 0; i < word.len; i++) {
            has_capital = has_capital || (word.ptr[i] >= 'A' && word.ptr[i] <= 'Z');
        }
        if (word.len == 0 || has_capital || !is_made_of(word, "")) {
            return false;
        }
    }
    return true;
}

const struct text_format format_slug = {
    .name = "slug",
    .pattern = "^[a-z0-9]+(-[a-z0-9]+)*$",
    .advice = "lower-case letters, digits and single dashes between them, such as night-shift",
    .is_valid = is_slug,
};

static bool is_call_id(struct str text)
{
    return text.len > 0 && text.len <= CALL_ID_BYTES_MAX && is_made_of(text, "._:@~-");
}

const struct text_format format_call_id = {
    .name = "call-id",
    .pattern = "^[A-Za-z0-9._:@~-]{1,100}$",
    .advice = "letters, digits and any of . _ : @ ~ -, such as call-4711",
    .is_valid = is_call_id,
};

static int weekday_parse(struct str text)
{
    static const char *const names[] = {"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"};
    for (int i = 0; i < 7; i++) {
        if (str_equal_text(text, names[i])) {
            return i;
        }
    }
    return -1;
}

bool weekdays_parse(struct str text, unsigned *out)
{
    struct str rest = text;
    struct str part;
    *out = 0;
    while (str_split(&rest, ',', &part)) {
        size_t dash = str_find_byte(part, '-', 0);
        int first = weekday_parse(str_slice(part, 0, dash));
        int last = dash == part.len ? first : weekday_parse(str_slice(part, dash + 1, part.len));
        if (first < 0 || last < 0) {
            return false;
        }
        for (int day = first; *out |= 1u << day, day != last; day = (day + 1) % 7) {
        }
    }
    return *out != 0;
}

static bool is_weekdays(struct str text)
{
    unsigned ignored = 0;
    return weekdays_parse(text, &ignored);
}

const struct text_format format_weekdays = {
    .name = "weekdays",
    .pattern = "^(SUN|MON|TUE|WED|THU|FRI|SAT)(-(SUN|MON|TUE|WED|THU|FRI|SAT))?"
               "(,(SUN|MON|TUE|WED|THU|FRI|SAT)(-(SUN|MON|TUE|WED|THU|FRI|SAT))?)*$",
    .advice = "days of the week such as MON-FRI or SAT,SUN",
    .is_valid = is_weekdays,
};

static bool is_owner(struct str text)
{
    size_t characters = 0;
    for (size_t at = 0; at < text.len; characters++) {
        size_t len = str_utf8_sequence(text, at);
        unsigned char c = (unsigned char)text.ptr[at];
        if (len == 0 || c < 0x20 || c == 0x7f) {
            return false;
        }
        at += len;
    }
    return characters >= 1 && characters <= 100 && text.ptr[0] != ' ' &&
           text.ptr[text.len - 1] != ' ';
}

const struct text_format format_owner = {
    .name = "owner",
    .pattern = "^[^\\x00-\\x20\\x7f]([^\\x00-\\x1f\\x7f]*[^\\x00-\\x20\\x7f])?$",
    .advice = "1 to 100 characters that can be seen, without spaces around them",
    .is_valid = is_owner,
};

static bool is_single_digit(struct str text)
{
    return text.len == 1 && is_digit(text.ptr[0]);
}

const struct text_format format_digit = {
    .name = "digit",
    .pattern = "^[0-9]$",
    .advice = "one digit",
    .is_valid = is_single_digit,
};
