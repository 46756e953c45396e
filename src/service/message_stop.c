#include "service/message_internal.h"

#include "domain/pace.h"
#include "service/messages.h"
#include "store/messages.h"

const struct duration call_rings_max = SECONDS_INIT(180);
const struct duration call_stop_again = SECONDS_INIT(3);

enum { HTTP_TIMED_OUT = 408, HTTP_TOO_MANY = 429 };

/* It has stopped it, or there was nothing to stop any more. */
static bool is_heard(const struct wire_answer *answer)
{
    bool is_busy = answer->status == HTTP_TIMED_OUT || answer->status == HTTP_TOO_MANY;
    return answer->outcome == WIRE_ANSWERED && answer->status < 500 && !is_busy;
}

enum err message_settle_stop(struct op *op, const struct message *message,
                             const struct wire_answer *answer)
{
    bool is_over = is_heard(answer);
    bool may_ring =
        !wait_is_over(instant_add(message->claimed_at, call_rings_max), call_rings_max, op->now);
    op_log(op, is_over ? LOG_INFO : LOG_WARN, LOG_CALL,
           "the provider was told to stop a call (%d)%s", answer->status,
           is_over    ? ""
           : may_ring ? ", and is told again"
                      : ", and did not hear");
    if (is_over) {
        return messages_stopped(op->db, message->id, op->now);
    }
    return may_ring ? message_ask_again(op, message, instant_add(op->now, call_stop_again)) : OK;
}
