/* base/log: one line a fact, as text or as JSON with the same facts (requirements O3, P6).
 *
 * A logger is made in app/ and passed down; there is no global one. The sink gets whole lines, so
 * that tests can read them. Secrets, tokens, full numbers and full messages must not be handed in:
 * use mask_phone() and cut_message(), which keep the last 4 digits and the first 50 characters.
 * Control characters in a message are written as spaces.
 * Threads: log_write may be called from any; the sink is called under the caller's thread and must
 * be atomic a line. */
#ifndef TOCSIN_BASE_LOG_H
#define TOCSIN_BASE_LOG_H

#include "base/time.h"

enum log_area {
#define LOG_AREA(name, prefix) LOG_##name,
#include "base/log.def"
#undef LOG_AREA
    LOG_AREA_COUNT
};

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

struct log {
    enum log_level least;                         /* Lines below are dropped. */
    bool json;                                    /* LOG_FORMAT=json */
    void (*sink)(void *context, struct str line); /* Gets a line with its newline. */
    void (*urge)(void *context); /* After a line that must not wait (LOG_ERROR); or NULL. */
    void *context;
    struct instant (*now)(void *context); /* The clock that app/ lends, real or virtual. */
};

/* `request` is the id of the request or job that the line belongs to, STR_NONE where none does.
 * `log` may be NULL. */
void log_write(const struct log *log, enum log_level level, enum log_area area, struct str request,
               const char *format, ...) PRINTF_LIKE(5, 6);

const char *log_level_name(enum log_level level);
NODISCARD enum err log_level_parse(struct str text, enum log_level *out);

enum { MASKED_MAX = 16, CUT_MESSAGE_MAX = 208 };
/* "****1234"; "****" for anything with fewer than 8 characters. */
struct str mask_phone(struct str phone, char out[static MASKED_MAX]);
/* The first 50 characters, with "…" where something is missing. */
struct str cut_message(struct str text, char out[static CUT_MESSAGE_MAX]);

#endif
