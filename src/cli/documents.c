#include "cli/documents.h"

#include "api/api.h"
#include "app/config.h"
#include "channel/failures.h"
#include "cli/command.h"
#include "model/enums.h"
#include "service/metrics.h"

static const char generated[] = "<!-- Made by `tocsin docs docs/reference` from the source's "
                                "tables; not edited by hand. -->\n\n";

void document_api(struct buf *out)
{
    api_openapi(out);
}

void document_config(struct buf *out)
{
    const struct setting *settings = NULL;
    size_t count = settings_all(&settings);
    buf_printf(out, "# Settings\n\n%s", generated);
    buf_add_text(out, "From the environment, else from the file that `TOCSIN_CONFIG` or `--config` "
                      "names (`NAME = value` a line), else "
                      "the default. A secret may be in a file named by `NAME_FILE`. A name that is "
                      "not listed is an error.\n\n"
                      "| name | default | meaning |\n| --- | --- | --- |\n");
    for (size_t i = 0; i < count; i++) {
        const char *fallback = settings[i].fallback[0] == '\0' ? "" : settings[i].fallback;
        buf_printf(out, "| `%s`%s | %s%s%s | %s |\n", settings[i].name,
                   settings[i].flag == SECRET ? " (secret)" : "", fallback[0] == '\0' ? "" : "`",
                   fallback, fallback[0] == '\0' ? "" : "`", settings[i].doc);
    }
}

static void add_enum(struct buf *out, const struct enum_doc *doc)
{
    buf_printf(out, "\n## %s\n\n| value | meaning |\n| --- | --- |\n", doc->names->name);
    for (int i = 1; i < doc->names->count; i++) {
        buf_printf(out, "| `%s` | %s |\n", doc->names->names[i], doc->meanings[i]);
    }
}

void document_states(struct buf *out)
{
    const struct enum_doc *docs = NULL;
    size_t count = enum_docs(&docs);
    buf_printf(out, "# States and other closed sets of words\n\n%s", generated);
    buf_add_text(out, "## Edges of an incident\n\n| from | event | to |\n| --- | --- | --- |\n");
#define EDGE(from, event, to) buf_add_text(out, "| `" #from "` | " #event " | `" #to "` |\n");
#include "domain/incident.fsm.def"
#undef EDGE
    for (size_t i = 0; i < count; i++) {
        add_enum(out, &docs[i]);
    }
}

static void add_failures(struct buf *out)
{
    const struct failure *rows = NULL;
    size_t count = failures_all(&rows);
    buf_add_text(out, "\n## Codes of the providers\n\nWhat `code` of a message means, and what is "
                      "made of it; docs/delivery.md says what follows a class.\n\n"
                      "| provider | code | class | category | meaning |\n"
                      "| --- | --- | --- | --- | --- |\n");
    for (size_t i = 0; i < count; i++) {
        const char *class = rows[i].class == failure_class_NONE
                                ? "none"
                                : enum_name(&failure_class_names, (int)rows[i].class);
        buf_printf(out, "| %s | %s | `%s` | `%s` | %s |\n", rows[i].provider, rows[i].code, class,
                   enum_name(&failure_category_names, (int)rows[i].category), rows[i].doc);
    }
}

void document_errors(struct buf *out)
{
    buf_printf(out, "# Errors\n\n%s", generated);
    buf_add_text(
        out,
        "Every error answers "
        "`{\"success\":false,\"error\":{\"code\",\"message\",\"field\"?},\"requestId\"}`. What is "
        "refused before it is a request (its framing, 413, 414, 431) has no `requestId`.\n\n"
        "| code | HTTP | meaning |\n| --- | --- | --- |\n");
    for (int err = OK + 1; err < ERR_COUNT; err++) {
        buf_printf(out, "| `%s` | %d | %s |\n", err_code((enum err)err),
                   err_http_status((enum err)err), err_meaning((enum err)err));
    }
    add_failures(out);
}

void document_cli(struct buf *out)
{
    const struct command *commands = NULL;
    size_t count = commands_all(&commands);
    buf_printf(out, "# Commands\n\n%s", generated);
    buf_add_text(
        out, "Exit codes: 0 done, 1 failed, 2 called wrongly, 3 a check found something wrong.\n");
    for (size_t i = 0; i < count; i++) {
        buf_printf(out, "\n## tocsin %s\n\n%s\n\n    tocsin %s %s\n", commands[i].name,
                   commands[i].doc, commands[i].name, commands[i].usage);
    }
}

/* A hyphen that must stay one is written "\-" in a man page. */
static void add_roff(struct buf *out, const char *text)
{
    for (const char *p = text; *p != '\0'; p++) {
        buf_add_text(out, *p == '-' ? "\\-" : *p == '\\' ? "\\\\" : (char[]){*p, '\0'});
    }
}

void document_man(struct buf *out)
{
    const struct command *commands = NULL;
    const struct setting *settings = NULL;
    size_t command_count = commands_all(&commands);
    size_t setting_count = settings_all(&settings);
    buf_add_text(out,
                 ".\\\" Made by `tocsin docs docs/reference` from the source's tables.\n"
                 ".TH TOCSIN 1 \"\" \"Tocsin\" \"User commands\"\n.SH NAME\n"
                 "tocsin \\- durable alerting and escalation: makes sure that a human answers\n"
                 ".SH SYNOPSIS\n.B tocsin\n.I command\n[option ...]\n.SH COMMANDS\n");
    for (size_t i = 0; i < command_count; i++) {
        buf_add_text(out, ".TP\n.B ");
        add_roff(out, commands[i].name);
        buf_add_byte(out, ' ');
        add_roff(out, commands[i].usage);
        buf_add_byte(out, '\n');
        add_roff(out, commands[i].doc);
        buf_add_byte(out, '\n');
    }
    buf_add_text(out, ".SH ENVIRONMENT\n");
    for (size_t i = 0; i < setting_count; i++) {
        buf_printf(out, ".TP\n.B %s\n", settings[i].name);
        add_roff(out, settings[i].doc);
        buf_add_byte(out, '\n');
    }
    buf_add_text(
        out,
        ".SH EXIT STATUS\n0 done, 1 failed, 2 called wrongly, 3 a check found something wrong\n");
}

void document_metrics(struct buf *out)
{
    buf_printf(out, "# Metrics\n\n%s", generated);
    buf_add_text(out,
                 "`GET /metrics`, with a key of scope reader, in the text format of Prometheus. "
                 "Counters begin at 0 with the process. How to use them, the alert rules and "
                 "the dashboard: [operations.md](../operations.md#metrics).\n\n"
                 "| name | type | labels | meaning |\n| --- | --- | --- | --- |\n");
    for (int metric = 0; metric < METRIC_COUNT; metric++) {
        const struct metric_family *family = metric_family((enum metric)metric);
        buf_printf(out, "| `%s` | %s | %s | %s |\n", family->name, family->type, family->labels,
                   family->doc);
    }
}
