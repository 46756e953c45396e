#include "calendar/join_link.h"

#include "base/buf.h"
#include "calendar/url.h"

static const struct {
    struct str host;
    struct str path;
} JOIN_HOSTS[] = {
#define JOIN_HOST(host, path) {STR_INIT(host), STR_INIT(path)},
#include "calendar/join_hosts.def"
#undef JOIN_HOST
};

static bool host_is_in(struct str host, struct str domain)
{
    if (host.len < domain.len) {
        return false;
    }
    size_t at = host.len - domain.len;
    bool at_label = at == 0 || host.ptr[at - 1] == '.';
    return at_label && str_equal_nocase(str_slice(host, at, host.len), domain);
}

/* Webex also has /acme/j.php?MTID=…, below the name of the site. */
static bool is_webex_site_link(const struct url *url)
{
    return host_is_in(url->host, STR("webex.com")) && str_ends(url->path, STR("/j.php"));
}

static bool is_meeting(const struct url *url)
{
    for (size_t i = 0; i < ARRAY_LENGTH(JOIN_HOSTS); i++) {
        bool fits = host_is_in(url->host, JOIN_HOSTS[i].host) &&
                    str_starts_nocase(url->path, JOIN_HOSTS[i].path) &&
                    url->path.len > JOIN_HOSTS[i].path.len;
        if (fits) {
            return true;
        }
    }
    return is_webex_site_link(url);
}

static struct str https_only(struct str value)
{
    struct url url;
    struct str link = str_trim(value);
    return url_split(link, &url) && url.is_https ? link : STR_NONE;
}

static bool ends_link(char c)
{
    switch (c) {
    case '"':
    case '\'':
    case '<':
    case '>':
    case '\\':
    case '`':
    case '|':
    case '[':
    case ']':
    case '{':
    case '}':
    case '^':
        return true;
    default:
        return c <= ' ' || c >= 0x7F;
    }
}

/* What a sentence puts behind a link is no part of it: "(https://…/j/1)." */
static struct str without_punctuation(struct str link)
{
    while (link.len > 0) {
        char last = link.ptr[link.len - 1];
        bool is_open_bracket = last == ')' && str_find_byte(link, '(', 0) < link.len;
        bool is_punctuation = last == '.' || last == ',' || last == ';' || last == ':' ||
                              last == '!' || last == ')' || last == '*' || last == '_' ||
                              last == '?';
        if (!is_punctuation || is_open_bracket) {
            break;
        }
        link.len--;
    }
    return link;
}

/* In HTML the '&' of a query is written "&amp;", and "&quot;" or "&gt;" stand for what ends a link.
 */
static struct str without_entities(struct arena *arena, struct str link)
{
    static const struct str ends[] = {STR_INIT("&quot;"), STR_INIT("&gt;"), STR_INIT("&lt;"),
                                      STR_INIT("&nbsp;"), STR_INIT("&#39;")};
    for (size_t i = 0; i < ARRAY_LENGTH(ends); i++) {
        link = str_slice(link, 0, str_find(link, ends[i]));
    }
    static const struct str ampersand = STR_INIT("&amp;");
    if (!str_contains(link, ampersand)) {
        return link;
    }
    struct buf out = {.arena = arena};
    while (link.len > 0) {
        size_t at = str_find(link, ampersand);
        buf_add(&out, str_slice(link, 0, at));
        if (at < link.len) {
            buf_add_byte(&out, '&');
        }
        link = str_slice(link, at + ampersand.len, link.len);
    }
    return buf_str(&out);
}

struct str join_link_in_text(struct arena *arena, struct str text)
{
    static const struct str tail = STR_INIT("ttps://");
    for (size_t at = 0; at < text.len; at++) {
        bool begins = (text.ptr[at] == 'h' || text.ptr[at] == 'H') &&
                      str_starts_nocase(str_slice(text, at + 1, text.len), tail);
        if (!begins) {
            continue;
        }
        size_t end = at;
        while (end < text.len && end - at <= URL_BYTES_MAX && !ends_link(text.ptr[end])) {
            end++;
        }
        struct str link = without_entities(arena, str_slice(text, at, end));
        link = without_punctuation(link);
        struct url url;
        if (url_split(link, &url) && is_meeting(&url)) {
            return link;
        }
        at = end - 1; /* A link inside another link is somebody's redirect, not ours to follow. */
    }
    return STR_NONE;
}

struct str join_link_find(struct arena *arena, const struct join_sources *sources)
{
    for (size_t i = 0; i < sources->conference_count; i++) {
        struct str link = https_only(sources->conferences[i]);
        if (str_is_set(link)) {
            return link;
        }
    }
    const struct str links[] = {sources->google, sources->teams, sources->online_meeting,
                                sources->url, sources->location};
    for (size_t i = 0; i < ARRAY_LENGTH(links); i++) {
        struct str link = https_only(links[i]);
        if (str_is_set(link)) {
            return link;
        }
    }
    const struct str texts[] = {sources->location, sources->description, sources->html_description};
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
        struct str link = join_link_in_text(arena, texts[i]);
        if (str_is_set(link)) {
            return link;
        }
    }
    return STR_NONE;
}
