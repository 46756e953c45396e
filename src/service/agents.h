/* service/agents: what speaks in scheduled calls (S8), each change a version that stays.
 *
 * A call is created with the version in force and remembers, once it began, the one that it spoke.
 * Texts have placeholders, {{name}} or {{name|text}}, filled from the metadata of a call; what
 * comes out is plain text, which each document that it goes into escapes for itself. */
#ifndef TOCSIN_SERVICE_AGENTS_H
#define TOCSIN_SERVICE_AGENTS_H

#include "service/op.h"

/* The agent with the texts of the version in force (`number` 0) or of another. E_AGENT_NOT_FOUND;
 * one that was archived is found. */
NODISCARD enum err agent_load(struct op *op, struct id id, int64_t number, struct agent *out);
/* For whoever names an agent in `agentId`: `err` is what looking for it gave. One that is not
 * there, or was archived, is E_AGENT_NOT_FOUND of that member. */
NODISCARD enum err agent_named(struct op *op, enum err err, const struct agent *agent);
/* The version in force, from the writer's memory where that has it; for operations that write.
 * Valid as long as the operation. */
NODISCARD enum err agent_in_force(struct op *op, struct id id, const struct agent **out);
/* The first placeholder without a text of its own that the metadata (a JSON object, or absent) has
 * no text, number or truth for; absent where it has all. */
NODISCARD enum err agent_find_missing(struct op *op, const struct agent *agent, struct str metadata,
                                      struct str *out);
/* E_INVALID, with metadata.NAME as the field, where there is one. */
NODISCARD enum err agent_check_metadata(struct op *op, const struct agent *agent,
                                        struct str metadata);

struct agent_speech {
    struct str text;         /* Greeting and script. */
    struct str machine_text; /* For a machine; absent where it is told nothing. */
};
/* Placeholders that neither the metadata nor the text itself fills say nothing. */
void agent_speak(struct arena *arena, const struct agent *agent, struct str metadata,
                 struct agent_speech *out);
/* The same for whoever wants to hear it before a call, with what metadata lacks. */
NODISCARD enum err agent_preview_speech(struct op *op, const struct agent *agent,
                                        struct str metadata, struct agent_preview *out);

/* What the API asks for; see api/routes.def. Every key may read agents, a person's own too: who
 * schedules a call has to name one. */
NODISCARD enum err create_agent(struct op *op, const void *input, void *output);
NODISCARD enum err list_agents(struct op *op, const void *input, void *output);
NODISCARD enum err get_agent(struct op *op, const void *input, void *output);
NODISCARD enum err list_agent_versions(struct op *op, const void *input, void *output);
NODISCARD enum err change_agent(struct op *op, const void *input, void *output);
NODISCARD enum err archive_agent(struct op *op, const void *input, void *output);
NODISCARD enum err preview_agent(struct op *op, const void *input, void *output);

#endif
