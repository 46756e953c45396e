/* service/dispatch_answers: a technician's yes or no, whichever way it comes in (requirement D2).
 *
 * A yes takes the dispatch, also of somebody whose turn has passed; a no has the next one asked at
 * once. Whoever answers when somebody else has it, or when it was called off, is told so. */
#ifndef TOCSIN_SERVICE_DISPATCH_ANSWERS_H
#define TOCSIN_SERVICE_DISPATCH_ANSWERS_H

#include "service/answers.h"

struct dispatch_answer {
    struct id dispatch;
    struct id user; /* The technician. */
    bool accepts;
    enum dispatch_method method;
};
/* E_TRANSITION where the state does not allow it, E_FORBIDDEN for somebody who is not asked;
 * *repeated where it was said before. */
NODISCARD enum err answer_dispatch(struct op *op, const struct dispatch_answer *answer,
                                   bool *repeated);
/* The same for what came in by a key or a text about `answer->message`. */
NODISCARD enum err take_dispatch_answer(struct op *op, const struct person_answer *answer,
                                        enum answer_effect *out);
NODISCARD enum err finish_dispatch(struct op *op, struct id dispatch, struct id user);

#endif
