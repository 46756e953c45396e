#include "app/plant_archive.h"

#include "app/archive_folder.h"
#include "app/plant_store.h"

#include <string.h>
#include <sys/stat.h>

enum { MARK_BYTES = 4 };

static enum err check_folder(const struct config *config, struct problem *problem)
{
    struct stat facts;
    const char *folder = config->archive_dir.ptr;
    bool is_other =
        config->archive_dir.len > 0 && stat(folder, &facts) == 0 && !S_ISDIR(facts.st_mode);
    return is_other ? problem_set(problem, E_INVALID, "TOCSIN_ARCHIVE_DIR",
                                  "TOCSIN_ARCHIVE_DIR must name a folder: %s is none", folder)
                    : OK;
}

struct keeping {
    const char *name;
    int64_t days;
    enum retention_kind kind;
};

enum err plant_retention(struct plant *plant, struct problem *problem)
{
    const struct config *config = &plant->config;
    const struct keeping all[] = {
        {"RETENTION_MEETINGS_DAYS", config->keep_meetings, RETENTION_MEETING},
        {"RETENTION_STEPS_DAYS", config->keep_steps, RETENTION_STEP},
        {"RETENTION_INCIDENTS_DAYS", config->keep_incidents, RETENTION_INCIDENT},
        {"RETENTION_DISPATCHES_DAYS", config->keep_dispatches, RETENTION_DISPATCH},
        {"RETENTION_MESSAGES_DAYS", config->keep_messages, RETENTION_MESSAGE},
        {"RETENTION_MAINTENANCE_DAYS", config->keep_maintenance, RETENTION_MAINTENANCE},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(all); i++) {
        if (all[i].days != 0 && (all[i].days < 7 || all[i].days > 36500)) {
            return problem_set(problem, E_INVALID, all[i].name,
                               "%s must be between 7 and 36500, or 0 for ever", all[i].name);
        }
        plant->site.retention.keep[all[i].kind] = DAYS(all[i].days);
    }
    return check_folder(config, problem);
}

static struct str beside(struct plant *plant)
{
    const char *slash = strrchr(plant->file_path.ptr, '/');
    struct str folder =
        slash == NULL ? STR(".")
                      : str_slice(plant->file_path, 0, (size_t)(slash - plant->file_path.ptr));
    return arena_printf(plant->config.arena, "%.*s/archives", STR_FMT(folder));
}

void plant_archive(struct plant *plant)
{
    const struct config *config = &plant->config;
    if (config->archive_dir.len > 0) {
        plant->archive_dir = config->archive_dir;
    } else {
        plant->archive_dir = plant_has_server(config) ? STR_NONE : beside(plant);
    }
    if (str_is_set(plant->archive_dir)) {
        plant->site.archive = (struct archive_port){
            .context = plant,
            .mark = plant->is_shared ? random_secret(config->arena, MARK_BYTES) : STR(""),
            .append = archive_folder_append};
    }
}

void plant_archive_log(const struct plant *plant)
{
    if (!str_is_set(plant->archive_dir)) {
        log_write(&plant->log, LOG_WARN, LOG_STORE, STR_NONE,
                  "what is past its keeping stays in the database: TOCSIN_ARCHIVE_DIR names no "
                  "folder to archive it in");
    }
}
