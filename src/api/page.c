#include "api/call.h"
#include "service/meetings.h"

/* One page, no script, no other host: it must work on any phone, in any mail program's browser. */
static const char head[] =
    "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">"
    "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
    "<meta name=\"robots\" content=\"noindex\"><meta name=\"referrer\" "
    "content=\"no-referrer\"><title>Tocsin</title><style>"
    ":root{color-scheme:light dark}*{box-sizing:border-box}body{font:1.05rem/1.5 "
    "system-ui,sans-serif;margin:0;display:grid;min-height:100svh;"
    "place-items:center;background:#f4f5f7;color:#16181d}main{max-width:26rem;width:calc(100% - "
    "2rem);background:#fff;"
    "border-radius:1rem;padding:1.5rem;box-shadow:0 1px 4px "
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

static void add_buttons(struct buf *out, const struct link_view *view)
{
    buf_add_text(out, "<form method=\"post\">");
    if (view->answer != checkin_status_JOINED) {
        buf_add_text(out, "<button class=\"in\" name=\"answer\" value=\"JOINED\">I'm in</button>");
    }
    if (view->answer == checkin_status_NONE) {
        buf_add_text(
            out, "<button class=\"out\" name=\"answer\" value=\"MISSED\">I can't make it</button>");
    }
    buf_add_text(out, "</form>");
}

static void add_answer(struct buf *out, const struct link_view *view)
{
    if (view->answer == checkin_status_JOINED) {
        buf_add_text(
            out,
            "<p><strong>You are in.</strong> Nothing more will be sent about this meeting.</p>");
    } else if (view->answer == checkin_status_MISSED) {
        buf_add_text(out, "<p><strong>Noted that you can't make it.</strong> You can still change "
                          "your mind.</p>");
    }
}

void page_write(struct buf *out, const struct link_view *view, const struct problem *problem)
{
    buf_add_text(out, head);
    if (view == NULL) {
        buf_add_text(out, "<h1>This did not work</h1><p>");
        add_escaped(out, str_from(problem->message[0] == '\0' ? "Please try again in a moment."
                                                              : problem->message));
        buf_add_text(out, "</p>");
        buf_add_text(out, tail);
        return;
    }
    bool takes_place = meeting_takes_place(view->status);
    buf_add_text(out, "<p>Hello ");
    add_escaped(out, view->name);
    buf_add_text(out, "</p><h1>");
    add_escaped(out, view->title.len == 0 ? STR("Your meeting") : view->title);
    buf_add_text(out, "</h1>");
    buf_add_text(out, "<p class=\"when\">");
    add_escaped(out, view->when);
    buf_add_text(out, "</p>");
    add_answer(out, view);
    if (!takes_place) {
        buf_add_text(out, "<p>This meeting does not take place any more.</p>");
    } else {
        add_buttons(out, view);
    }
    if (takes_place && str_is_set(view->join_url)) {
        buf_add_text(out, "<a class=\"go\" rel=\"noreferrer\" href=\"");
        add_escaped(out, view->join_url);
        buf_add_text(out, "\">Open the meeting</a>");
    }
    buf_add_text(out, tail);
}

void page_write_unsubscribe(struct buf *out, const struct unsubscribe_view *view)
{
    buf_add_text(out, head);
    buf_add_text(out, "<h1>");
    add_escaped(out, view->address);
    buf_add_text(out, "</h1><p>");
    add_escaped(out, view->is_done ? view->done : view->question);
    buf_add_text(out, "</p>");
    if (!view->is_done) {
        /* A scanner that follows links ends nothing: only the button does. */
        buf_add_text(out, "<form method=\"post\"><button class=\"out\">");
        add_escaped(out, view->button);
        buf_add_text(out, "</button></form>");
    }
    buf_add_text(out, tail);
}
