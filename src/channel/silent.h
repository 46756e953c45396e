/* channel/silent: the slots of a provider that is never asked and never calls us.
 *
 * Internal to channel. No setting is needed, for no channel more than for another; questions answer
 * E_NOT_FOUND, calls to webhooks E_FORBIDDEN, documents are empty. */
#ifndef TOCSIN_CHANNEL_SILENT_H
#define TOCSIN_CHANNEL_SILENT_H

#include "channel/provider.h"

enum err silent_check(const struct provider_settings *settings, struct problem *problem);
enum err silent_check_channel(const struct provider_settings *settings, enum channel channel,
                              struct problem *problem);
enum err silent_build_find(const struct provider_settings *settings, const struct send_job *job,
                           struct arena *arena, struct wire_request *out);
void silent_read_find(const struct send_job *job, const struct wire_answer *answer,
                      struct arena *arena, struct verdict *out);
enum err silent_build_cancel(const struct provider_settings *settings, struct str provider_id,
                             struct arena *arena, struct wire_request *out);
enum err silent_build_poll(const struct provider_settings *settings, enum channel channel,
                           struct str provider_id, struct arena *arena, struct wire_request *out);
void silent_read_poll(enum channel channel, const struct wire_answer *answer, struct arena *arena,
                      struct provider_news *out);
enum err silent_build_inbox(const struct provider_settings *settings, struct instant since,
                            struct arena *arena, struct wire_request *out);
enum err silent_build_inbox_more(const struct provider_settings *settings,
                                 const struct wire_answer *answer, struct arena *arena,
                                 struct wire_request *out);
void silent_read_inbox(const struct wire_answer *answer, struct arena *arena,
                       const struct provider_news **items, size_t *count);
enum err silent_check_hook(const struct provider_settings *settings, const struct hook_call *call,
                           struct arena *arena);
enum err silent_read_hook(const struct provider_settings *settings, const struct hook_call *call,
                          struct arena *arena, struct provider_news *out, struct problem *problem);
/* The job's text as it is. */
struct str silent_spoken(const struct provider_settings *settings, const struct send_job *job,
                         struct arena *arena);
void silent_write_voice(const struct provider_settings *settings, const struct voice_page *page,
                        struct arena *arena, struct http_response *out);
void silent_write_answer(enum hook hook, struct str reply, struct arena *arena,
                         struct http_response *out);

#endif
