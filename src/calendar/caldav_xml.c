#include "calendar/caldav_xml.h"

#include "base/buf.h"

#include <libxml/parser.h>
#include <libxml/tree.h>

#include <limits.h>
#include <string.h>

static const char DAV[] = "DAV:";
static const char CALDAV[] = "urn:ietf:params:xml:ns:caldav";
static const char CALENDAR_SERVER[] = "http://calendarserver.org/ns/";

static bool is_named(const xmlNode *node, const char *space, const char *name)
{
    return node->type == XML_ELEMENT_NODE && node->ns != NULL && node->ns->href != NULL &&
           strcmp((const char *)node->ns->href, space) == 0 &&
           strcmp((const char *)node->name, name) == 0;
}

static const xmlNode *child(const xmlNode *node, const char *space, const char *name)
{
    for (const xmlNode *at = node->children; at != NULL; at = at->next) {
        if (is_named(at, space, name)) {
            return at;
        }
    }
    return NULL;
}

static struct str content(struct arena *arena, const xmlNode *node)
{
    xmlChar *text = xmlNodeGetContent(node);
    struct str copy = arena_str(arena, str_from((const char *)text));
    xmlFree(text);
    return copy;
}

static struct str href_in(struct arena *arena, const xmlNode *node)
{
    const xmlNode *href = child(node, DAV, "href");
    return href == NULL ? STR_NONE : str_trim(content(arena, href));
}

/* "HTTP/1.1 404 Not Found" → 404, 0 for what is not a status line. */
static int status_in(struct arena *arena, const xmlNode *node)
{
    const xmlNode *status = child(node, DAV, "status");
    if (status == NULL) {
        return 0;
    }
    struct str line = str_trim(content(arena, status));
    size_t blank = str_find_byte(line, ' ', 0);
    int64_t code = 0;
    if (str_to_int(str_slice(line, blank + 1, blank + 4), &code) != OK || code < 100) {
        return 0;
    }
    return (int)code;
}

static bool names_event(const xmlNode *component)
{
    xmlChar *name = xmlGetNoNsProp(component, (const xmlChar *)"name");
    bool is_event = str_equal_nocase(str_from((const char *)name), STR("VEVENT"));
    xmlFree(name);
    return is_event;
}

static bool set_holds_events(const xmlNode *set)
{
    for (const xmlNode *at = set->children; at != NULL; at = at->next) {
        if (is_named(at, CALDAV, "comp") && names_event(at)) {
            return true;
        }
    }
    return child(set, CALDAV, "comp") == NULL;
}

static bool set_can_sync(const xmlNode *set)
{
    for (const xmlNode *at = set->children; at != NULL; at = at->next) {
        const xmlNode *report =
            is_named(at, DAV, "supported-report") ? child(at, DAV, "report") : NULL;
        if (report != NULL && child(report, DAV, "sync-collection") != NULL) {
            return true;
        }
    }
    return false;
}

static void read_property(struct arena *arena, const xmlNode *property, struct dav_response *out)
{
    if (is_named(property, DAV, "getetag")) {
        out->etag = str_trim(content(arena, property));
    } else if (is_named(property, CALDAV, "calendar-data")) {
        out->calendar_data = content(arena, property);
    } else if (is_named(property, DAV, "resourcetype")) {
        out->is_collection = child(property, DAV, "collection") != NULL;
        out->is_calendar = child(property, CALDAV, "calendar") != NULL;
    } else if (is_named(property, DAV, "displayname")) {
        out->display_name = str_trim(content(arena, property));
    } else if (is_named(property, CALENDAR_SERVER, "getctag")) {
        out->ctag = str_trim(content(arena, property));
    } else if (is_named(property, DAV, "sync-token")) {
        out->sync_token = str_trim(content(arena, property));
    } else if (is_named(property, DAV, "current-user-principal")) {
        out->principal_href = href_in(arena, property);
    } else if (is_named(property, CALDAV, "calendar-home-set")) {
        out->home_href = href_in(arena, property);
    } else if (is_named(property, CALDAV, "supported-calendar-component-set")) {
        out->holds_events = set_holds_events(property);
    } else if (is_named(property, DAV, "supported-report-set")) {
        out->can_sync = set_can_sync(property);
    }
}

static void read_propstat(struct arena *arena, const xmlNode *propstat, struct dav_response *out)
{
    int status = status_in(arena, propstat);
    const xmlNode *properties = child(propstat, DAV, "prop");
    if (properties == NULL || status < 200 || status > 299) {
        return;
    }
    for (const xmlNode *at = properties->children; at != NULL; at = at->next) {
        read_property(arena, at, out);
    }
}

static struct dav_response read_response(struct arena *arena, const xmlNode *response)
{
    struct dav_response out = {
        .href = href_in(arena, response),
        .status = status_in(arena, response),
        .holds_events = true,
    };
    for (const xmlNode *at = response->children; at != NULL; at = at->next) {
        if (is_named(at, DAV, "propstat")) {
            read_propstat(arena, at, &out);
        }
    }
    return out;
}

static enum err read_multistatus(struct arena *arena, const xmlNode *root,
                                 struct dav_multistatus *out, struct problem *problem)
{
    if (root == NULL || !is_named(root, DAV, "multistatus")) {
        return problem_set(problem, E_INVALID, NULL, "The answer is not a WebDAV multistatus.");
    }
    size_t count = 0;
    for (const xmlNode *at = root->children; at != NULL; at = at->next) {
        count += is_named(at, DAV, "response") ? 1 : 0;
    }
    if (count > DAV_RESPONSES_MAX) {
        return problem_set(problem, E_TOO_LARGE, NULL, "The server names more than %d resources.",
                           DAV_RESPONSES_MAX);
    }
    out->responses = ARENA_NEW_ARRAY(arena, struct dav_response, count);
    for (const xmlNode *at = root->children; at != NULL; at = at->next) {
        if (!is_named(at, DAV, "response")) {
            continue;
        }
        struct dav_response response = read_response(arena, at);
        if (response.href.len > 0) {
            out->responses[out->count++] = response;
        }
    }
    const xmlNode *token = child(root, DAV, "sync-token");
    out->sync_token = token == NULL ? STR_NONE : str_trim(content(arena, token));
    return OK;
}

enum err dav_parse(struct arena *arena, struct str body, struct dav_multistatus *out,
                   struct problem *problem)
{
    *out = (struct dav_multistatus){0};
    if (body.len == 0 || body.len > INT_MAX) {
        return problem_set(problem, E_INVALID, NULL, "The server's answer is empty.");
    }
    /* Nobody needs a DTD here, and one is how a small document becomes a large one. */
    if (str_contains(body, STR("<!DOCTYPE"))) {
        return problem_set(problem, E_INVALID, NULL, "The server's answer has a DOCTYPE.");
    }
    int options = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOCDATA;
    xmlDoc *document = xmlReadMemory(body.ptr, (int)body.len, NULL, NULL, options);
    if (document == NULL) {
        return problem_set(problem, E_INVALID, NULL, "The server's answer is not sound XML.");
    }
    enum err err = OK;
    if (document->intSubset != NULL || document->extSubset != NULL) {
        err = problem_set(problem, E_INVALID, NULL, "The server's answer has a DOCTYPE.");
    } else {
        err = read_multistatus(arena, xmlDocGetRootElement(document), out, problem);
    }
    xmlFreeDoc(document);
    return err;
}

struct str dav_body_probe(void)
{
    return STR("<?xml version=\"1.0\" encoding=\"utf-8\"?>"
               "<d:propfind xmlns:d=\"DAV:\" xmlns:c=\"urn:ietf:params:xml:ns:caldav\""
               " xmlns:cs=\"http://calendarserver.org/ns/\"><d:prop>"
               "<d:resourcetype/><d:displayname/><d:current-user-principal/><d:sync-token/>"
               "<d:supported-report-set/><c:calendar-home-set/>"
               "<c:supported-calendar-component-set/><cs:getctag/>"
               "</d:prop></d:propfind>");
}

struct str dav_body_list(void)
{
    return STR("<?xml version=\"1.0\" encoding=\"utf-8\"?>"
               "<d:propfind xmlns:d=\"DAV:\"><d:prop><d:resourcetype/><d:getetag/></d:prop>"
               "</d:propfind>");
}

static void add_escaped(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        switch (text.ptr[i]) {
        case '&':
            buf_add(out, STR("&amp;"));
            break;
        case '<':
            buf_add(out, STR("&lt;"));
            break;
        case '>':
            buf_add(out, STR("&gt;"));
            break;
        default:
            buf_add_byte(out, text.ptr[i]);
        }
    }
}

struct str dav_body_sync(struct arena *arena, struct str token)
{
    struct buf out = {.arena = arena};
    buf_add(&out, STR("<?xml version=\"1.0\" encoding=\"utf-8\"?>"
                      "<d:sync-collection xmlns:d=\"DAV:\"><d:sync-token>"));
    add_escaped(&out, token);
    buf_add(&out, STR("</d:sync-token><d:sync-level>1</d:sync-level>"
                      "<d:prop><d:getetag/></d:prop></d:sync-collection>"));
    return buf_str(&out);
}

struct str dav_body_multiget(struct arena *arena, const struct str *hrefs, size_t count)
{
    struct buf out = {.arena = arena};
    buf_add(&out, STR("<?xml version=\"1.0\" encoding=\"utf-8\"?>"
                      "<c:calendar-multiget xmlns:d=\"DAV:\""
                      " xmlns:c=\"urn:ietf:params:xml:ns:caldav\">"
                      "<d:prop><d:getetag/><c:calendar-data/></d:prop>"));
    for (size_t i = 0; i < count; i++) {
        buf_add(&out, STR("<d:href>"));
        add_escaped(&out, hrefs[i]);
        buf_add(&out, STR("</d:href>"));
    }
    buf_add(&out, STR("</c:calendar-multiget>"));
    return buf_str(&out);
}
