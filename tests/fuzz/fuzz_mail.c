/* fuzz_mail: any bytes as a mail server's last word, as an address, and as what is written in a
 * mail. A verdict is one of the four and says why; an address that is taken has nothing in it that
 * could end a command; and whatever is written, the head of the mail has the lines that we wrote,
 * and the mail no line that a server may cut. */
#include "channel/mailbox.h"
#include "channel/mime.h"
#include "channel/provider.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { LINE_BYTES_MAX = 998, PARTS = 6 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void try_reply(struct arena *arena, struct str text, unsigned choice)
{
    static const int statuses[] = {0,   200, 220, 250, 354, 400, 421, 450, 451, 452,
                                   500, 535, 550, 551, 552, 553, 554, 599, 600, 700};
    struct wire_answer answer = {.outcome = (enum wire_outcome)(choice / 32 % 4),
                                 .status = statuses[choice % ARRAY_LENGTH(statuses)],
                                 .tls_failed = (choice & 1) != 0,
                                 .reason = STR("it ended"),
                                 .body = text};
    struct send_job job = {.channel = channel_EMAIL, .attempt = STR("a-1")};
    struct verdict verdict = {0};
    provider_smtp.read_send(&job, &answer, arena, &verdict);
    bool is_accepted = verdict.kind == VERDICT_ACCEPTED;
    assert((verdict.error.len > 0) == !is_accepted && str_is_utf8(verdict.error));
    assert(!is_accepted || str_equal(verdict.provider_id, job.attempt));
    assert(is_accepted || verdict.category != failure_category_NONE);
    assert(!is_accepted || (answer.status >= 200 && answer.status < 300));
    /* Whom nobody knows is struck off: that takes a word of permanence. */
    bool is_struck = verdict.kind == VERDICT_REFUSED && verdict.class == failure_class_RECIPIENT;
    assert(!is_struck || answer.status >= 500);
    assert(text_is_one_line(verdict.error));
}

static void try_address(struct str text)
{
    struct mailbox box = {.name = STR_NONE};
    struct problem problem = {0};
    if (mailbox_parse(text, "EMAIL_FROM", &box, &problem) != OK) {
        assert(problem.err == E_INVALID && problem.message[0] != '\0');
        return;
    }
    assert(address_is_valid(box.address) && str_ends(box.address, box.domain));
    for (size_t i = 0; i < box.address.len; i++) {
        char c = box.address.ptr[i];
        assert(c > ' ' && c < 0x7f && strchr("<>,;:\"\\()[]", c) == NULL);
    }
    assert(!str_is_set(box.name) || text_is_one_line(box.name));
    struct mailbox again;
    assert(mailbox_parse(box.address, "x", &again, &problem) == OK &&
           str_equal(again.address, box.address));
}

/* Each line of the head is one of ours, or goes on with the one before. */
static void check_head(struct str head)
{
    static const char *const names[] = {"From: ",
                                        "To: ",
                                        "Subject: ",
                                        "Date: ",
                                        "Message-ID: ",
                                        "MIME-Version: ",
                                        "Content-Type: ",
                                        "Content-Transfer-Encoding: ",
                                        "References: ",
                                        "In-Reply-To: ",
                                        "List-Unsubscribe: ",
                                        "List-Unsubscribe-Post: ",
                                        "Auto-Submitted: ",
                                        "X-Auto-Response-Suppress: "};
    struct str line = STR_NONE;
    while (str_split(&head, '\n', &line)) {
        bool is_known = line.len == 0 || line.ptr[0] == ' ' || line.ptr[0] == '\t';
        for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
            is_known = is_known || str_starts(line, str_from(names[i]));
        }
        if (!is_known) {
            fprintf(stderr, "fuzz_mail: %.*s\n", STR_FMT(line));
        }
        assert(is_known);
        for (size_t i = 0; i < line.len; i++) {
            assert((unsigned char)line.ptr[i] < 0x80);
        }
    }
}

static void check_mail(struct str mail)
{
    size_t line = 0;
    for (size_t i = 0; i < mail.len; i++) {
        char c = mail.ptr[i];
        assert(c != '\0');
        assert((c == '\n') == (i > 0 && mail.ptr[i - 1] == '\r'));
        line = c == '\n' ? 0 : line + 1;
        assert(line <= LINE_BYTES_MAX + 1);
    }
    check_head(str_slice(mail, 0, str_find(mail, STR("\r\n\r\n")) + 2));
}

static void try_mail(struct arena *arena, struct str text, unsigned choice)
{
    struct str parts[PARTS] = {STR_NONE};
    struct str rest = text;
    for (size_t i = 0; i < PARTS && str_split(&rest, '\x1f', &parts[i]); i++) {
        parts[i] = arena_str(arena, parts[i]);
    }
    struct str body = str_is_set(parts[2]) ? parts[2] : STR("text");
    struct mime_mail mail = {
        .from = STR("Tocsin <alerts@example.com>"),
        .to = (choice & 1) != 0 && str_is_set(parts[3]) ? parts[3] : STR("anna@example.org"),
        .to_name = parts[1],
        .subject = str_is_set(parts[0]) ? parts[0] : STR("Subject"),
        .text = body,
        .html = (choice & 2) != 0 ? parts[4] : STR_NONE,
        .invite = STR_NONE,
        .attempt = STR("01890000-0000-7000-8000-000000000000"),
        .thread = (choice & 4) != 0 ? parts[5] : STR_NONE,
        .unsubscribe_url = (choice & 8) != 0 ? parts[5] : STR_NONE,
        .now = {INT64_C(1767603600) * 1000000},
    };
    struct str written = STR_NONE;
    struct problem problem = {0};
    if (mime_write(&mail, arena, &written, &problem) != OK) {
        assert(problem.err == E_INVALID && problem.field[0] != '\0');
        return;
    }
    check_mail(written);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size < 1) {
        return 0;
    }
    struct arena *arena = arena_new();
    struct str text = {(const char *)bytes + 1, size - 1};
    try_reply(arena, text, bytes[0]);
    try_address(text);
    try_mail(arena, text, bytes[0]);
    arena_free(&arena);
    return 0;
}
