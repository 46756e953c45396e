/* api/assets: the files of the dashboard, which are part of the binary.
 *
 * Made from web/ at build time, each compressed with gzip. The page itself is asked for again at
 * each visit; all else has the digest of its bytes in its name and may be kept for ever. */
#ifndef TOCSIN_API_ASSETS_H
#define TOCSIN_API_ASSETS_H

#include "base/arena.h"
#include "model/http.h"

struct asset {
    const char *path; /* "/", "/assets/app-1a2b3c4d.js" */
    const char *content_type;
    const char *tag; /* Of its bytes, quoted: an ETag. */
    const unsigned char *gzip;
    size_t gzip_bytes;
    const unsigned char *plain;
    size_t plain_bytes;
};

/* All of them; 0 where the binary was built without the dashboard. */
size_t assets_all(const struct asset **out);
/* Whether the path is one of the dashboard's. */
bool asset_answer(const struct http_request *request, struct arena *arena,
                  struct http_response *out);
bool asset_is_path(struct str path);

#endif
