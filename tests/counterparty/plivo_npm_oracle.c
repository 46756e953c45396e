/* Answers for plivo_npm_oracle.py. A line of its input is "METHOD TOKEN NONCE URL BODY HEADER",
 * each in hexadecimal after a '.', so that an empty one is a word, too. A line of the output is our
 * own signature, and whether our check takes the header ("yes" or "no"). */
#include "channel/plivo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS = 6, LINE_BYTES_MAX = 1 << 20 };

static int digit(char c)
{
    return c >= 'a' ? c - 'a' + 10 : c - '0';
}

static struct str decoded(struct arena *arena, struct str word)
{
    struct buf out = {.arena = arena};
    for (size_t i = 1; i + 1 < word.len; i += 2) {
        buf_add_byte(&out, (char)(digit(word.ptr[i]) << 4 | digit(word.ptr[i + 1])));
    }
    return buf_str(&out);
}

static void answer(struct str line, struct arena *arena)
{
    struct str words[WORDS] = {STR_NONE};
    for (size_t i = 0; i < WORDS && str_split(&line, ' ', &words[i]); i++) {
        words[i] = decoded(arena, words[i]);
    }
    struct plivo_signed what = {.url = words[3],
                                .body = words[4],
                                .nonce = words[2],
                                .is_get = str_equal_text(words[0], "GET")};
    struct http_header headers[] = {{STR("x-plivo-signature-v3"), words[5]},
                                    {STR("x-plivo-signature-v3-nonce"), words[2]}};
    struct hook_call call = {.url = what.url,
                             .body = what.body,
                             .is_get = what.is_get,
                             .headers = headers,
                             .header_count = ARRAY_LENGTH(headers)};
    struct provider_settings settings = {.plivo = {.auth_token = words[1]}};
    struct str signature = STR_NONE;
    bool is_signed = plivo_sign(words[1], &what, arena, &signature) == OK;
    bool is_taken = provider_plivo.check_hook(&settings, &call, arena) == OK;
    printf("%.*s %s\n", STR_FMT(is_signed ? signature : STR("-")), is_taken ? "yes" : "no");
    (void)fflush(stdout);
}

int main(void)
{
    char *line = malloc(LINE_BYTES_MAX);
    struct arena *arena = arena_new();
    while (line != NULL && fgets(line, LINE_BYTES_MAX, stdin) != NULL) {
        answer(str_trim(str_from(line)), arena);
        arena_reset(arena);
    }
    arena_free(&arena);
    free(line);
    return 0;
}
