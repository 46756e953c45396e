#include "api/assets.h"

enum { HEADERS_MAX = 7 };

/* Nothing but what this server sends runs or is shown, and no other page may hold this one. */
static const char policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'";

static const struct asset *find(struct str path)
{
    const struct asset *assets = NULL;
    size_t count = assets_all(&assets);
    for (size_t i = 0; i < count; i++) {
        if (str_equal_text(path, assets[i].path)) {
            return &assets[i];
        }
    }
    return NULL;
}

bool asset_is_path(struct str path)
{
    return find(path) != NULL;
}

bool asset_answer(const struct http_request *request, struct arena *arena,
                  struct http_response *out)
{
    const struct asset *asset = find(request->path);
    if (asset == NULL || (request->method != HTTP_GET && request->method != HTTP_HEAD)) {
        return false;
    }
    struct http_header *headers = ARENA_NEW_ARRAY(arena, struct http_header, HEADERS_MAX);
    bool is_page = str_equal_text(request->path, "/");
    bool takes_gzip = str_contains(request->accept_encoding, STR("gzip"));
    bool is_known = str_equal_text(request->if_none_match, asset->tag);
    size_t count = 0;
    headers[count++] = (struct http_header){STR("ETag"), str_from(asset->tag)};
    headers[count++] = (struct http_header){STR("Vary"), STR("Accept-Encoding")};
    headers[count++] = (struct http_header){STR("Cache-Control"),
                                            is_page ? STR("no-cache")
                                                    : STR("public, max-age=31536000, immutable")};
    headers[count++] = (struct http_header){STR("Content-Security-Policy"), str_from(policy)};
    headers[count++] = (struct http_header){STR("X-Content-Type-Options"), STR("nosniff")};
    headers[count++] = (struct http_header){STR("Referrer-Policy"), STR("same-origin")};
    if (takes_gzip && !is_known) {
        headers[count++] = (struct http_header){STR("Content-Encoding"), STR("gzip")};
    }
    const unsigned char *bytes = takes_gzip ? asset->gzip : asset->plain;
    size_t size = takes_gzip ? asset->gzip_bytes : asset->plain_bytes;
    out->status = is_known ? 304 : 200;
    out->content_type = is_known ? STR_NONE : str_from(asset->content_type);
    out->body = is_known ? STR("") : (struct str){(const char *)bytes, size};
    out->headers = headers;
    out->header_count = count;
    out->no_store = false;
    return true;
}
