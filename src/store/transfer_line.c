#include "store/transfer_internal.h"

#include <assert.h>
#include <openssl/evp.h>
#include <string.h>

void tally_begin(struct tally *tally)
{
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    bool is_begun = digest != NULL && EVP_DigestInit_ex(digest, EVP_sha256(), NULL) == 1;
    assert(is_begun);
    *tally = (struct tally){.digest = digest};
}

void tally_add(struct tally *tally, struct str line)
{
    tally->rows++;
    EVP_DigestUpdate(tally->digest, line.ptr, line.len);
    EVP_DigestUpdate(tally->digest, "\n", 1);
}

void tally_end(struct tally *tally, char out[static TRANSFER_HASH_CHARS + 1])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char hash[SHA256_BYTES];
    EVP_DigestFinal_ex(tally->digest, hash, NULL);
    EVP_MD_CTX_free(tally->digest);
    tally->digest = NULL;
    for (size_t i = 0; i < sizeof hash; i++) {
        out[2 * i] = digits[hash[i] >> 4];
        out[2 * i + 1] = digits[hash[i] & 15];
    }
    out[TRANSFER_HASH_CHARS] = '\0';
}

/* Pairs: a byte that would end a value or a line, and what stands for it behind a backslash. */
static const char escapes[][2] = {{'\\', '\\'}, {'\t', 't'}, {'\n', 'n'}, {'\r', 'r'}, {'\0', '0'}};

static void add_text(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        size_t which = 0;
        while (which < ARRAY_LENGTH(escapes) && escapes[which][0] != text.ptr[i]) {
            which++;
        }
        if (which < ARRAY_LENGTH(escapes)) {
            buf_add_byte(out, '\\');
            buf_add_byte(out, escapes[which][1]);
        } else {
            buf_add_byte(out, text.ptr[i]);
        }
    }
}

static void add_hex(struct buf *out, struct str bytes)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < bytes.len; i++) {
        unsigned char byte = (unsigned char)bytes.ptr[i];
        buf_add_byte(out, digits[byte >> 4]);
        buf_add_byte(out, digits[byte & 15]);
    }
}

void transfer_encode(struct buf *out, const struct value *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (i > 0) {
            buf_add_byte(out, '\t');
        }
        switch (values[i].type) {
        case VALUE_NULL:
            buf_add_byte(out, 'n');
            break;
        case VALUE_INT:
            buf_add_byte(out, 'i');
            buf_add_int(out, values[i].number);
            break;
        case VALUE_TEXT:
            buf_add_byte(out, 't');
            add_text(out, values[i].text);
            break;
        case VALUE_BYTES:
            buf_add_byte(out, 'b');
            add_hex(out, values[i].text);
            break;
        }
    }
}

static enum err read_text(struct arena *arena, struct str coded, struct value *out)
{
    char *text = arena_alloc(arena, coded.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < coded.len; i++) {
        char c = coded.ptr[i];
        if (c == '\\') {
            size_t which = 0;
            i++;
            while (which < ARRAY_LENGTH(escapes) &&
                   (i == coded.len || escapes[which][1] != coded.ptr[i])) {
                which++;
            }
            if (which == ARRAY_LENGTH(escapes)) {
                return E_INVALID;
            }
            c = escapes[which][0];
        }
        text[len++] = c;
    }
    *out = value_text((struct str){text, len});
    return OK;
}

static int digit_of(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static enum err read_hex(struct arena *arena, struct str coded, struct value *out)
{
    char *bytes = arena_alloc(arena, coded.len / 2 + 1);
    if (coded.len % 2 != 0) {
        return E_INVALID;
    }
    for (size_t i = 0; i < coded.len; i += 2) {
        int high = digit_of(coded.ptr[i]);
        int low = digit_of(coded.ptr[i + 1]);
        if (high < 0 || low < 0) {
            return E_INVALID;
        }
        bytes[i / 2] = (char)(high << 4 | low);
    }
    *out = value_bytes((struct str){bytes, coded.len / 2});
    return OK;
}

static enum err read_value(struct arena *arena, struct str coded, struct value *out)
{
    struct str rest = str_slice(coded, 1, coded.len);
    *out = (struct value){.type = VALUE_NULL};
    switch (coded.len == 0 ? '\0' : coded.ptr[0]) {
    case 'n':
        return rest.len == 0 ? OK : E_INVALID;
    case 'i':
        out->type = VALUE_INT;
        return str_to_int(rest, &out->number) == OK ? OK : E_INVALID;
    case 't':
        return read_text(arena, rest, out);
    case 'b':
        return read_hex(arena, rest, out);
    default:
        return E_INVALID;
    }
}

enum err transfer_decode(struct arena *arena, struct str line, struct value *values, size_t count)
{
    struct str rest = line;
    struct str coded = STR_NONE;
    size_t have = 0;
    while (str_split(&rest, '\t', &coded)) {
        if (have == count) {
            return E_INVALID;
        }
        TRY(read_value(arena, coded, &values[have++]));
    }
    return have == count ? OK : E_INVALID;
}

size_t transfer_column_count(struct str columns)
{
    size_t count = 1;
    for (size_t i = 0; i < columns.len; i++) {
        count += columns.ptr[i] == ',';
    }
    return count;
}
