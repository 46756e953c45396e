#include "channel/mock_plan.h"
#include "channel/provider.h"
#include "channel/silent.h"
#include "channel/verdict.h"

static enum err mock_check(const struct provider_settings *settings, struct problem *problem)
{
    (void)settings; /* The mock needs nothing. */
    (void)problem;
    return OK;
}

static struct wire_request request_of(const struct provider_settings *settings, enum mock_verb verb)
{
    return (struct wire_request){
        .kind = WIRE_MOCK, .timeout = settings->timeout, .mock = {.verb = verb}};
}

static enum err mock_build_send(const struct provider_settings *settings,
                                const struct send_job *job, struct arena *arena,
                                struct wire_request *out, struct problem *problem)
{
    if (!mock_channel_is_carried(job->channel)) {
        return problem_set(problem, E_INVALID, "channel",
                           "The mock carries EMAIL, SMS, WHATSAPP and CALL.");
    }
    if (job->to.len == 0) {
        return problem_set(problem, E_INVALID, "to", "There is no address to send to.");
    }
    if (job->attempt.len == 0) {
        return problem_set(problem, E_INVALID, "attempt", "A send needs its attempt id.");
    }
    *out = request_of(settings, MOCK_SEND);
    out->mock.attempt = arena_str(arena, job->attempt);
    out->mock.channel = str_from(channel_names.names[job->channel]);
    out->mock.to = arena_str(arena, job->to);
    out->mock.text = arena_str(arena, str_is_set(job->text) ? job->text : job->subject);
    return OK;
}

static void judge_refusal(const struct wire_answer *answer, struct arena *arena,
                          struct verdict *out)
{
    *out = (struct verdict){.kind = VERDICT_REFUSED, .category = failure_category_unknown};
    struct str code = str_trim(answer->body);
    if (!mock_refusal_parse(code, &out->category)) {
        out->error = STR("The mock refused, for a reason it did not name.");
        return;
    }
    out->is_temporary = out->category == failure_category_rate_limited ||
                        out->category == failure_category_provider_error;
    out->retry_after_seconds = answer->retry_after_seconds;
    out->error = arena_printf(arena, "The mock refused: %.*s.", STR_FMT(code));
}

/* What cannot be read may still have been done, so it is unknown. */
static void judge_unreadable(const struct wire_answer *answer, struct arena *arena,
                             struct verdict *out)
{
    *out = (struct verdict){.kind = VERDICT_UNKNOWN, .category = failure_category_provider_error};
    out->error = arena_printf(arena, "The mock answered %d without an id.", answer->status);
}

static bool is_accepted(const struct wire_answer *answer)
{
    return answer->status >= 200 && answer->status < 300 && answer->body.len > 0;
}

static void judge_accepted(const struct wire_answer *answer, struct arena *arena,
                           struct verdict *out)
{
    *out =
        (struct verdict){.kind = VERDICT_ACCEPTED, .provider_id = arena_str(arena, answer->body)};
}

static void mock_read_send(const struct send_job *job, const struct wire_answer *answer,
                           struct arena *arena, struct verdict *out)
{
    (void)job;
    if (verdict_unanswered(answer, arena, out)) {
        return;
    }
    if (is_accepted(answer)) {
        judge_accepted(answer, arena, out);
    } else if (answer->status >= 400 && answer->status < 500) {
        judge_refusal(answer, arena, out);
    } else {
        judge_unreadable(answer, arena, out);
    }
}

static enum err mock_build_find(const struct provider_settings *settings,
                                const struct send_job *job, struct arena *arena,
                                struct wire_request *out)
{
    *out = request_of(settings, MOCK_FIND);
    out->mock.attempt = arena_str(arena, job->attempt);
    return OK;
}

static void mock_read_find(const struct send_job *job, const struct wire_answer *answer,
                           struct arena *arena, struct verdict *out)
{
    (void)job;
    if (answer->outcome == WIRE_ANSWERED && is_accepted(answer)) {
        judge_accepted(answer, arena, out);
        return;
    }
    if (answer->outcome == WIRE_ANSWERED && answer->status == 404) {
        *out = (struct verdict){.kind = VERDICT_NOT_SENT,
                                .category = failure_category_unknown,
                                .error = STR("The mock has no such attempt.")};
        return;
    }
    if (!verdict_unanswered(answer, arena, out)) {
        judge_unreadable(answer, arena, out);
    }
    /* A question that failed says nothing about the send itself. */
    out->kind = VERDICT_UNKNOWN;
}

static enum err mock_build_cancel(const struct provider_settings *settings, struct str provider_id,
                                  struct arena *arena, struct wire_request *out)
{
    *out = request_of(settings, MOCK_CANCEL);
    out->mock.provider_id = arena_str(arena, provider_id);
    return OK;
}

/* Carries a reply as its text, as real providers' answers do in their own ways. */
static void mock_write_answer(enum hook hook, struct str reply, struct arena *arena,
                              struct http_response *out)
{
    (void)hook;
    *out = (struct http_response){.status = 200,
                                  .content_type = STR("text/plain; charset=utf-8"),
                                  .body = str_is_set(reply) ? arena_str(arena, reply) : STR("")};
}

const struct provider provider_mock = {
    .name = "mock",
    .channels =
        1u << channel_EMAIL | 1u << channel_SMS | 1u << channel_WHATSAPP | 1u << channel_CALL,
    .check = mock_check,
    .check_channel = silent_check_channel,
    .build_send = mock_build_send,
    .read_send = mock_read_send,
    .build_find = mock_build_find,
    .read_find = mock_read_find,
    .build_cancel = mock_build_cancel,
    .build_poll = silent_build_poll,
    .read_poll = silent_read_poll,
    .build_inbox = silent_build_inbox,
    .build_inbox_more = silent_build_inbox_more,
    .read_inbox = silent_read_inbox,
    .check_hook = silent_check_hook,
    .read_hook = silent_read_hook,
    .spoken = silent_spoken,
    .write_voice = silent_write_voice,
    .write_answer = mock_write_answer,
};
