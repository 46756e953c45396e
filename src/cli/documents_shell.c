#include "cli/command.h"
#include "cli/documents.h"

static const char made[] = "# Made by `tocsin docs docs/reference` from the source's tables.";

/* What of a usage is to be typed as it stands: "--clock", "create", "revoke"; not "NAME", "FILE".
 * A word of a list "email|sms" is one of the words of an option, and so no word of its own. */
static bool is_typed(struct str word)
{
    if (str_starts(word, STR("--"))) {
        return true;
    }
    bool is_small = word.len > 1;
    for (size_t i = 0; i < word.len; i++) {
        is_small = is_small && word.ptr[i] >= 'a' && word.ptr[i] <= 'z';
    }
    return is_small;
}

static void add_words(struct buf *out, const char *usage)
{
    struct str rest = str_from(usage);
    struct str word = STR_NONE;
    bool is_value = false; /* Behind an option: "--clock virtual". */
    while (str_split(&rest, ' ', &word)) {
        word = str_starts(word, STR("[")) ? str_slice(word, 1, word.len) : word;
        word = str_ends(word, STR("]")) ? str_slice(word, 0, word.len - 1) : word;
        bool is_option = str_starts(word, STR("--"));
        if (is_typed(word) && !is_value) {
            buf_printf(out, " %.*s", STR_FMT(word));
        }
        is_value = is_option;
    }
}

void document_completion(struct buf *out)
{
    const struct command *commands = NULL;
    size_t count = commands_all(&commands);
    buf_printf(out, "%s For bash: source this file.\n", made);
    buf_add_text(out, "_tocsin() {\n    local words\n    COMPREPLY=()\n"
                      "    case \"${COMP_WORDS[COMP_CWORD - 1]}\" in\n"
                      "        --config|--file|--policy) return ;;\n"
                      "        --clock) words=\"real virtual\" ;;\n"
                      "        --channel) words=\"email sms whatsapp call\" ;;\n"
                      "        --scope) words=\"admin operator responder reader\" ;;\n"
                      "        --*) words=\"\" ;;\n    esac\n"
                      "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        words=\"");
    for (size_t i = 0; i < count; i++) {
        buf_printf(out, "%s%s", i == 0 ? "" : " ", commands[i].name);
    }
    buf_add_text(out, "\"\n    elif [ -z \"${words+set}\" ]; then\n"
                      "        case \"${COMP_WORDS[1]}\" in\n");
    for (size_t i = 0; i < count; i++) {
        buf_printf(out, "            %s) words=\"--help", commands[i].name);
        add_words(out, commands[i].usage);
        buf_add_text(out, "\" ;;\n");
    }
    buf_add_text(out, "        esac\n    fi\n    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- "
                      "\"${COMP_WORDS[COMP_CWORD]}\")\n}\ncomplete -o default -F _tocsin tocsin\n");
}

/* In single quotes a quote ends them, and a colon parts the word from what is said of it. */
static void add_quoted(struct buf *out, const char *text)
{
    for (const char *p = text; *p != '\0'; p++) {
        buf_add_text(out, *p == '\'' ? "'\\''" : *p == ':' ? "\\:" : (char[]){*p, '\0'});
    }
}

void document_zsh(struct buf *out)
{
    const struct command *commands = NULL;
    size_t count = commands_all(&commands);
    buf_printf(out, "#compdef tocsin\n%s For zsh: put it into a folder of $fpath as _tocsin.\n",
               made);
    buf_add_text(out, "_tocsin() {\n    local -a commands\n    commands=(\n");
    for (size_t i = 0; i < count; i++) {
        buf_printf(out, "        '%s:", commands[i].name);
        add_quoted(out, commands[i].doc);
        buf_add_text(out, "'\n");
    }
    buf_add_text(out, "    )\n    if (( CURRENT == 2 )); then\n"
                      "        _describe command commands\n        return\n    fi\n"
                      "    case ${words[CURRENT-1]} in\n"
                      "        --config|--file|--policy) _files; return ;;\n"
                      "        --clock) compadd real virtual; return ;;\n"
                      "        --channel) compadd email sms whatsapp call; return ;;\n"
                      "        --scope) compadd admin operator responder reader; return ;;\n    esac\n"
                      "    case ${words[2]} in\n");
    for (size_t i = 0; i < count; i++) {
        buf_printf(out, "        %s) compadd -- --help", commands[i].name);
        add_words(out, commands[i].usage);
        buf_add_text(out, " ;;\n");
    }
    buf_add_text(out, "    esac\n    _files\n}\n_tocsin \"$@\"\n");
}
