#include "channel/silent.h"

enum err silent_check(const struct provider_settings *settings, struct problem *problem)
{
    (void)settings;
    (void)problem;
    return OK;
}

enum err silent_check_channel(const struct provider_settings *settings, enum channel channel,
                              struct problem *problem)
{
    (void)settings;
    (void)channel;
    (void)problem;
    return OK;
}

enum err silent_build_find(const struct provider_settings *settings, const struct send_job *job,
                           struct arena *arena, struct wire_request *out)
{
    (void)settings;
    (void)job;
    (void)arena;
    (void)out;
    return E_NOT_FOUND;
}

void silent_read_find(const struct send_job *job, const struct wire_answer *answer,
                      struct arena *arena, struct verdict *out)
{
    (void)job;
    (void)answer;
    (void)arena;
    *out = (struct verdict){.kind = VERDICT_UNKNOWN,
                            .category = failure_category_unknown,
                            .error = STR("It cannot be asked what became of a message.")};
}

enum err silent_build_cancel(const struct provider_settings *settings, struct str provider_id,
                             struct arena *arena, struct wire_request *out)
{
    (void)settings;
    (void)provider_id;
    (void)arena;
    (void)out;
    return E_NOT_FOUND;
}

enum err silent_build_poll(const struct provider_settings *settings, enum channel channel,
                           struct str provider_id, struct arena *arena, struct wire_request *out)
{
    (void)settings;
    (void)channel;
    (void)provider_id;
    (void)arena;
    (void)out;
    return E_NOT_FOUND;
}

void silent_read_poll(enum channel channel, const struct wire_answer *answer, struct arena *arena,
                      struct provider_news *out)
{
    (void)channel;
    (void)answer;
    (void)arena;
    *out = (struct provider_news){.kind = NEWS_NONE};
}

enum err silent_build_inbox(const struct provider_settings *settings, struct instant since,
                            struct arena *arena, struct wire_request *out)
{
    (void)settings;
    (void)since;
    (void)arena;
    (void)out;
    return E_NOT_FOUND;
}

enum err silent_build_inbox_more(const struct provider_settings *settings,
                                 const struct wire_answer *answer, struct arena *arena,
                                 struct wire_request *out)
{
    (void)settings;
    (void)answer;
    (void)arena;
    (void)out;
    return E_NOT_FOUND;
}

void silent_read_inbox(const struct wire_answer *answer, struct arena *arena,
                       const struct provider_news **items, size_t *count)
{
    (void)answer;
    (void)arena;
    *items = NULL;
    *count = 0;
}

enum err silent_check_hook(const struct provider_settings *settings, const struct hook_call *call,
                           struct arena *arena)
{
    (void)settings;
    (void)call;
    (void)arena;
    return E_FORBIDDEN;
}

enum err silent_read_hook(const struct provider_settings *settings, const struct hook_call *call,
                          struct arena *arena, struct provider_news *out, struct problem *problem)
{
    (void)settings;
    (void)call;
    (void)arena;
    *out = (struct provider_news){.kind = NEWS_NONE};
    return problem_set(problem, E_INVALID, NULL, "this provider never calls");
}

struct str silent_spoken(const struct provider_settings *settings, const struct send_job *job,
                         struct arena *arena)
{
    (void)settings;
    (void)arena;
    return job->text;
}

void silent_write_voice(const struct provider_settings *settings, const struct voice_page *page,
                        struct arena *arena, struct http_response *out)
{
    (void)settings;
    (void)page;
    (void)arena;
    *out = (struct http_response){.status = 204};
}

void silent_write_answer(enum hook hook, struct str reply, struct arena *arena,
                         struct http_response *out)
{
    (void)hook;
    (void)reply;
    (void)arena;
    *out = (struct http_response){.status = 204};
}
