/* service/policies: policies as versioned data (requirement E1).
 *
 * A policy has a name; each change of it is a new version, and none is ever changed or removed, so
 * that a running incident keeps the ladder it began with. "default" and "missed-meeting" come built
 * in and may be replaced by a policy of that name. Policies come through the API or from files
 * (POLICIES_DIR), read at start and on SIGHUP; a file that is wrong leaves what is in force.
 * Those that come built in have ids of their own, which their replacements take over, so that a
 * name and its id stay together. Archiving takes a policy out of use: nothing new begins with it,
 * what began with it goes on, and a built-in name means the built-in ladder again. */
#ifndef TOCSIN_SERVICE_POLICIES_H
#define TOCSIN_SERVICE_POLICIES_H

#include "domain/policy.h"
#include "service/op.h"

struct policy_in_force {
    struct str name;   /* Of policy_current: the policy's name, however it was asked for. */
    struct id version; /* Unset for one that comes built in. */
    struct id owner;   /* Who is told of steps that reach nobody; may be unset. */
    struct policy_rules rules;
};

/* The policy that a path names, by its name or its id: op->path_text becomes op->path_id. Archived
 * ones are found by their id. A path without a text leaves the id as it is. */
NODISCARD enum err policy_of_path(struct op *op);
/* By name or by id text, as callers write it: E_NOT_FOUND. Archived ones are not found. */
NODISCARD enum err policy_current(struct op *op, struct str name, struct policy_in_force *out);
/* What an incident began with: its version, or where that is unset the one built in as `name`. */
NODISCARD enum err policy_of_incident(struct op *op, const struct incident *incident,
                                      struct policy_in_force *out);

/* A policy by its name: a new one, a new version, or nothing where it says the same already. For
 * files, whose policies are as whoever placed them wants them. E_INVALID names the member. */
NODISCARD enum err policy_put(struct op *op, const struct policy *policy, struct policy *out,
                              bool *is_changed);

NODISCARD enum err create_policy(struct op *op, const void *input, void *output);
NODISCARD enum err list_policies(struct op *op, const void *input, void *output);
NODISCARD enum err get_policy(struct op *op, const void *input, void *output);
NODISCARD enum err replace_policy(struct op *op, const void *input, void *output);
NODISCARD enum err archive_policy(struct op *op, const void *input, void *output);
NODISCARD enum err list_policy_versions(struct op *op, const void *input, void *output);

#endif
