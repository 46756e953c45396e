/* app/policy_files: policies from files (requirements E1, O5).
 *
 * POLICIES_DIR is a folder; each *.json in it is one policy, as POST /api/v1/policies takes it.
 * They are put in force at start and on SIGHUP, all of them or none. One that says what is in force
 * already makes no new version; one whose file is gone stays as it is.
 * Errors: E_INVALID names POLICIES_DIR, and in its message the file and the member. */
#ifndef TOCSIN_APP_POLICY_FILES_H
#define TOCSIN_APP_POLICY_FILES_H

#include "app/wire.h"

struct executor;

/* Whether each file is sound by itself; whom it names is known to the store only. An empty folder
 * name stands for no files. */
NODISCARD enum err policy_files_check(struct str folder, struct problem *problem);
/* On the executor's thread. */
NODISCARD enum err policy_files_enforce(struct plant *plant, struct executor *executor,
                                        struct problem *problem);

#endif
