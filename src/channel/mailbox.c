#include "channel/mailbox.h"

#include <string.h>

enum { LABEL_BYTES_MAX = 63 };

static bool is_alphanumeric(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_atom_text(char c)
{
    return is_alphanumeric(c) || (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

static bool local_is_valid(struct str local)
{
    if (local.len == 0 || local.len > ADDRESS_LOCAL_BYTES_MAX) {
        return false;
    }
    struct str atom = STR_NONE;
    while (str_split(&local, '.', &atom)) {
        if (atom.len == 0) {
            return false;
        }
        for (size_t i = 0; i < atom.len; i++) {
            if (!is_atom_text(atom.ptr[i])) {
                return false;
            }
        }
    }
    return true;
}

static bool label_is_valid(struct str label)
{
    if (label.len == 0 || label.len > LABEL_BYTES_MAX) {
        return false;
    }
    for (size_t i = 0; i < label.len; i++) {
        if (!is_alphanumeric(label.ptr[i]) && label.ptr[i] != '-') {
            return false;
        }
    }
    return label.ptr[0] != '-' && label.ptr[label.len - 1] != '-';
}

static bool domain_is_valid(struct str domain)
{
    struct str label = STR_NONE;
    while (str_split(&domain, '.', &label)) {
        if (!label_is_valid(label)) {
            return false;
        }
    }
    return true;
}

bool address_is_valid(struct str address)
{
    size_t at = str_find_byte(address, '@', 0);
    return address.len <= ADDRESS_BYTES_MAX && at < address.len &&
           local_is_valid(str_slice(address, 0, at)) &&
           domain_is_valid(str_slice(address, at + 1, address.len));
}

bool text_is_one_line(struct str text)
{
    if (!str_is_utf8(text)) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        struct str rest = str_slice(text, i, text.len);
        unsigned char c = (unsigned char)text.ptr[i];
        bool is_c1 = c == 0xC2 && (unsigned char)text.ptr[i + 1] < 0xA0;
        bool is_separator =
            str_starts(rest, STR("\xE2\x80\xA8")) || str_starts(rest, STR("\xE2\x80\xA9"));
        if (c < 0x20 || c == 0x7F || is_c1 || is_separator) {
            return false;
        }
    }
    return true;
}

bool token_is_plain(struct str token, size_t max)
{
    for (size_t i = 0; i < token.len; i++) {
        if (!is_alphanumeric(token.ptr[i]) && strchr("._-", token.ptr[i]) == NULL) {
            return false;
        }
    }
    /* Dots at an end or in a row would make it no dot-atom. */
    return token.len > 0 && token.len <= max && local_is_valid(token);
}

static struct str unquoted(struct str name)
{
    if (name.len >= 2 && name.ptr[0] == '"' && name.ptr[name.len - 1] == '"') {
        return str_trim(str_slice(name, 1, name.len - 1));
    }
    return name;
}

enum err mailbox_parse(struct str text, const char *field, struct mailbox *out,
                       struct problem *problem)
{
    struct str trimmed = str_trim(text);
    struct mailbox mailbox = {.name = STR_NONE, .address = trimmed};
    if (!text_is_one_line(trimmed)) {
        return problem_set(problem, E_INVALID, field,
                           "Line breaks and control characters are not allowed.");
    }
    size_t open = str_find_byte(trimmed, '<', 0);
    if (open < trimmed.len && trimmed.ptr[trimmed.len - 1] == '>') {
        mailbox.address = str_slice(trimmed, open + 1, trimmed.len - 1);
        mailbox.name = unquoted(str_trim(str_slice(trimmed, 0, open)));
    }
    bool is_two = str_contains(mailbox.name, STR("<")) || str_contains(mailbox.name, STR(">"));
    if (is_two || !address_is_valid(mailbox.address)) {
        return problem_set(
            problem, E_INVALID, field,
            "An address such as alerts@example.com, or Name <alerts@example.com>, is needed.");
    }
    if (mailbox.name.len > DISPLAY_NAME_BYTES_MAX) {
        return problem_set(problem, E_INVALID, field, "A name has at most %d bytes.",
                           DISPLAY_NAME_BYTES_MAX);
    }
    if (mailbox.name.len == 0) {
        mailbox.name = STR_NONE;
    }
    size_t at = str_find_byte(mailbox.address, '@', 0);
    mailbox.domain = str_slice(mailbox.address, at + 1, mailbox.address.len);
    *out = mailbox;
    return OK;
}
