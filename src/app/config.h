/* app/config: the settings of config.def, from the environment, else from a file, else their
 * defaults (requirement O2).
 *
 * The file is "NAME = value" a line (INI without sections; TOCSIN_CONFIG or --config names it). A
 * name that is not in the table is an error in the file, and so is one in the environment that
 * starts with TOCSIN_, FEATURE_, TWILIO_, PLIVO_, EXOTEL_ or SMTP_; the error names the nearest
 * right one. A SECRET may be in a file that NAME_FILE names. Errors:
 * E_INVALID names the setting and says what would be right. Owner: config_free. */
#ifndef TOCSIN_APP_CONFIG_H
#define TOCSIN_APP_CONFIG_H

#include "base/arena.h"

#define SETTING_C_TEXT struct str
#define SETTING_C_INT int64_t
#define SETTING_C_BOOL bool

struct config {
#define SETTING(type, member, name, fallback, flags, doc) SETTING_C_##type member;
#include "app/config.def"
#undef SETTING
    struct arena *arena; /* Of the texts. */
};

enum setting_type { SETTING_TEXT, SETTING_INT, SETTING_BOOL };
enum setting_flag { PLAIN_SETTING, SECRET };

struct setting {
    enum setting_type type;
    const char *name;
    const char *fallback;
    enum setting_flag flag;
    const char *doc;
    size_t offset;
};

size_t settings_all(const struct setting **out);

/* `environment` is a NULL-terminated list of "NAME=value"; `path` may be NULL. */
NODISCARD enum err config_load(char *const *environment, const char *path, struct config *out,
                               struct problem *problem);
void config_free(struct config *config);
/* One setting, as --name value on the command line overrides it. */
NODISCARD enum err config_set(struct config *config, struct str name, struct str value,
                              struct problem *problem);

#endif
