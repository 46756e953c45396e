#include "api/call.h"
#include "service/meetings.h"
#include "service/page_words.h"

/* One page, no script, no other host: it must work on any phone, in any mail program's browser. */
static const char head[] =
    "\"><head><meta charset=\"utf-8\">"
    "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
    "<meta name=\"robots\" content=\"noindex\"><meta name=\"referrer\" "
    "content=\"no-referrer\"><title>Tocsin</title><style>"
    ":root{color-scheme:light dark}*{box-sizing:border-box}body{font:1.05rem/1.5 "
    "system-ui,sans-serif;margin:0;display:grid;min-height:100svh;"
    "place-items:center;background:#f4f5f7;color:#16181d}main{max-width:26rem;width:calc(100% - "
    "2rem);background:#fff;"
    "border-radius:1rem;padding:1.5rem;overflow-wrap:anywhere;box-shadow:0 1px 4px "
    "#0002}h1{font-size:1.35rem;margin:.2rem 0 .4rem}"
    "p{margin:.4rem "
    "0}.when{color:#555}button,.go{display:block;width:100%;box-sizing:border-box;font:inherit;"
    "font-weight:600;"
    "padding:.9rem;margin:.8rem 0 "
    "0;border-radius:.7rem;border:0;cursor:pointer;text-align:center;text-decoration:none}"
    ".in{background:#146c43;color:#fff}.out{background:#e7e9ee;color:#16181d}.go{background:#"
    "0b57d0;color:#fff}"
    "@media(prefers-color-scheme:dark){body{background:#111317;color:#e8eaee}main{background:#"
    "1b1e24}.when{color:#aab}"
    ".out{background:#2c313a;color:#e8eaee}}</style></head><body><main>";

static const char tail[] = "</main></body></html>\n";

static void add_escaped(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        switch (text.ptr[i]) {
        case '&':
            buf_add_text(out, "&amp;");
            break;
        case '<':
            buf_add_text(out, "&lt;");
            break;
        case '>':
            buf_add_text(out, "&gt;");
            break;
        case '"':
            buf_add_text(out, "&quot;");
            break;
        case '\'':
            buf_add_text(out, "&#39;");
            break;
        default:
            buf_add_byte(out, text.ptr[i]);
        }
    }
}

static void begin(struct buf *out, struct str language)
{
    buf_add_text(out, "<!doctype html><html lang=\"");
    add_escaped(out, language);
    buf_add_text(out, head);
}

static void add_word(struct buf *out, struct str language, const char *word)
{
    add_escaped(out, page_word(language, word));
}

static void add_line(struct buf *out, const char *open, struct str text, const char *close)
{
    buf_add_text(out, open);
    add_escaped(out, text);
    buf_add_text(out, close);
}

static void add_buttons(struct buf *out, const struct link_view *view)
{
    /* Mail scanners open links; only a button answers. */
    buf_add_text(out, "<form method=\"post\">");
    if (view->answer != checkin_status_JOINED) {
        add_line(out, "<button class=\"in\" name=\"answer\" value=\"JOINED\">",
                 page_word(view->language, "BUTTON_IN"), "</button>");
    }
    if (view->answer == checkin_status_NONE) {
        add_line(out, "<button class=\"out\" name=\"answer\" value=\"MISSED\">",
                 page_word(view->language, "BUTTON_OUT"), "</button>");
    }
    buf_add_text(out, "</form>");
}

static void add_answer(struct buf *out, const struct link_view *view)
{
    if (view->answer == checkin_status_NONE) {
        return;
    }
    bool is_in = view->answer == checkin_status_JOINED;
    add_line(out, "<p><strong>", page_word(view->language, is_in ? "PAGE_JOINED" : "PAGE_MISSED"),
             "</strong> ");
    add_word(out, view->language, is_in ? "PAGE_JOINED_MORE" : "PAGE_MISSED_MORE");
    buf_add_text(out, "</p>");
}

void page_write(struct buf *out, const struct link_view *view)
{
    struct str language = view->language;
    bool takes_place = meeting_takes_place(view->status);
    begin(out, language);
    add_line(out, "<p>", page_greeting(language, view->name, out->arena), "</p>");
    add_line(out, "<h1>", view->title.len == 0 ? page_word(language, "PAGE_MEETING") : view->title,
             "</h1>");
    add_line(out, "<p class=\"when\">", view->when, "</p>");
    add_answer(out, view);
    if (!takes_place) {
        add_line(out, "<p>", page_word(language, "PAGE_OFF"), "</p>");
    } else {
        add_buttons(out, view);
    }
    if (takes_place && str_is_set(view->join_url)) {
        add_line(out, "<a class=\"go\" rel=\"noreferrer\" href=\"", view->join_url, "\">");
        add_line(out, "", page_word(language, "PAGE_OPEN"), "</a>");
    }
    buf_add_text(out, tail);
}

/* Where it stands, in one sentence. */
static const char *word_of_state(const struct incident_link_view *view)
{
    switch ((enum incident_state)view->state) {
    case incident_state_RESOLVED:
        return "PAGE_INCIDENT_RESOLVED";
    case incident_state_CANCELLED:
        return "PAGE_INCIDENT_CANCELLED";
    case incident_state_ACKNOWLEDGED:
        return view->is_yours ? "PAGE_INCIDENT_YOURS" : "PAGE_INCIDENT_TAKEN";
    case incident_state_NONE:
    case incident_state_OPEN:
    case incident_state_ESCALATING:
    case incident_state_COUNT:
        break;
    }
    return view->is_passed_on ? "PAGE_INCIDENT_PASSED" : "PAGE_INCIDENT_OPEN";
}

static void add_button(struct buf *out, struct str language, const char *answer, const char *word)
{
    bool is_first = str_equal_text(str_from(answer), "ACKNOWLEDGE");
    buf_printf(out, "<button class=\"%s\" name=\"answer\" value=\"%s\">", is_first ? "in" : "out",
               answer);
    add_word(out, language, word);
    buf_add_text(out, "</button>");
}

static void add_incident_buttons(struct buf *out, const struct incident_link_view *view)
{
    buf_add_text(out, "<form method=\"post\">");
    if (view->can_take) {
        add_button(out, view->language, "ACKNOWLEDGE",
                   view->is_yours ? "BUTTON_STILL" : "BUTTON_TAKE");
    }
    add_button(out, view->language, "RESOLVE", "BUTTON_RESOLVE");
    if (view->can_pass_on && !view->is_passed_on) {
        add_button(out, view->language, "PASS_ON", "BUTTON_PASS");
    }
    buf_add_text(out, "</form>");
}

void page_write_incident(struct buf *out, const struct incident_link_view *view)
{
    bool is_over =
        view->state == incident_state_RESOLVED || view->state == incident_state_CANCELLED;
    begin(out, view->language);
    add_line(out, "<p>", page_greeting(view->language, view->name, out->arena), "</p>");
    add_line(out, "<h1>", view->title, "</h1>");
    add_line(out, "<p class=\"when\">", view->when, "</p>");
    add_line(out, "<p><strong>", page_word(view->language, word_of_state(view)), "</strong>");
    if (str_is_set(view->by)) {
        add_line(out, " ", view->by, "");
    }
    buf_add_text(out, "</p>");
    if (!is_over) {
        /* Mail scanners open links; only a button answers. */
        add_incident_buttons(out, view);
    }
    buf_add_text(out, tail);
}

void page_write_unsubscribe(struct buf *out, const struct unsubscribe_view *view)
{
    begin(out, view->language);
    add_line(out, "<h1>", view->address, "</h1>");
    add_line(out, "<p>", view->is_done ? view->done : view->question, "</p>");
    if (!view->is_done) {
        /* A scanner that follows links ends nothing: only the button does. */
        add_line(out, "<form method=\"post\"><button class=\"out\">", view->button,
                 "</button></form>");
    }
    buf_add_text(out, tail);
}

static const char *dispatch_news(const struct dispatch_page_view *view)
{
    return view->outcome == technician_outcome_ACCEPTED   ? "PAGE_ACCEPTED"
           : !view->is_open                               ? "PAGE_IN_OTHER_HANDS"
           : view->outcome == technician_outcome_DECLINED ? "PAGE_DECLINED"
                                                          : NULL;
}

void page_write_dispatch(struct buf *out, const struct dispatch_page_view *view)
{
    struct str language = view->language;
    const char *news = dispatch_news(view);
    begin(out, language);
    add_line(out, "<p>", page_greeting(language, view->name, out->arena), "</p>");
    add_line(out, "<h1>", view->title, "</h1>");
    if (str_is_set(view->phone)) {
        add_line(out, "<p class=\"when\">", page_word(language, "PAGE_CALLER"), " ");
        add_line(out, "", view->phone, "</p>");
    }
    if (news != NULL) {
        add_line(out, "<p><strong>", page_word(language, news), "</strong></p>");
    }
    if (view->is_open) {
        buf_add_text(out, "<form method=\"post\">");
        add_line(out, "<button class=\"in\" name=\"answer\" value=\"ACCEPT\">",
                 page_word(language, "PAGE_ACCEPT"), "</button>");
    }
    if (view->is_open && view->outcome != technician_outcome_DECLINED) {
        add_line(out, "<button class=\"out\" name=\"answer\" value=\"DECLINE\">",
                 page_word(language, "PAGE_DECLINE"), "</button>");
    }
    buf_add_text(out, view->is_open ? "</form>" : "");
    buf_add_text(out, tail);
}

/* What can be done about it, if anything. */
static const char *advice_on(enum err err)
{
    return err == E_NOT_FOUND  ? "PAGE_NOT_OURS"
           : err == E_GONE     ? "PAGE_ENDED"
           : err == E_INVALID  ? "PAGE_CHOOSE"
           : err == E_CONFLICT ? "PAGE_CHANGED"
                               : "PAGE_AGAIN";
}

void page_write_error(struct buf *out, struct str language, enum err err)
{
    begin(out, language);
    add_line(out, "<h1>", page_word(language, "PAGE_FAILED"), "</h1>");
    add_line(out, "<p>", page_word(language, advice_on(err)), "</p>");
    buf_add_text(out, tail);
}
