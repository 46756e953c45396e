/* sim/carrier_fields: fields of forms and queries, and the sums over them, as the providers make
 * them.
 *
 * Written from the providers' documents (protocols.md 1.10 and 2.5) and on purpose not with the
 * code of src/channel that checks the same sums: where the two agree, both have read it alike.
 * Everything lives in the arena of the form. Threads: reentrant. */
#ifndef TOCSIN_SIM_CARRIER_FIELDS_H
#define TOCSIN_SIM_CARRIER_FIELDS_H

#include "base/buf.h"
#include "base/time.h"

struct named_value {
    struct str name;
    struct str value;
};

struct fields {
    struct arena *arena;
    struct named_value *items;
    size_t count;
    size_t cap;
};

void fields_add(struct fields *form, const char *name, struct str value);
void fields_add_int(struct fields *form, const char *name, int64_t value);
/* Adds the fields of "a=1&b=%20", decoded. A broken escape stays as it is. */
void fields_read(struct fields *form, struct str text);
/* The first one of that name; STR_NONE where there is none. */
struct str fields_get(const struct fields *form, const char *name);
/* Whether one of the fields of that name has this value. */
bool fields_has(const struct fields *form, const char *name, struct str value);
/* application/x-www-form-urlencoded */
struct str fields_write(const struct fields *form);
/* multipart/form-data with this boundary. */
struct str fields_write_multipart(const struct fields *form, struct str boundary);

/* What stands before '?' and '#', and what stands between them. */
struct str url_base(struct str url);
struct str url_query(struct str url);
struct str url_without_fragment(struct str url);
/* "rc" of "https://…#rc=3&rp=all". STR_NONE where it is absent. */
struct str url_fragment_get(struct arena *arena, struct str url, const char *name);

/* base64 of HMAC-SHA1 over the URL and the fields in order of their names; `form` may be NULL. */
struct str sign_twilio(struct arena *arena, struct str token, struct str url,
                       const struct fields *form);
/* Version 3. `form` is NULL for a GET. */
struct plivo_sum {
    struct str token;
    struct str url;
    struct str nonce;
    const struct fields *form;
};
struct str sign_plivo(struct arena *arena, const struct plivo_sum *sum);
/* What "Basic …" means; false for anything else. */
bool basic_read(struct arena *arena, struct str header, struct str *user, struct str *password);

/* "Tue, 31 Aug 2010 20:36:28 +0000" */
struct str rfc2822_text(struct arena *arena, struct instant at);
/* "2010-08-31 20:36:28", so many minutes east of UTC. */
struct str plain_time_text(struct arena *arena, struct instant at, int minutes_east);

#endif
