/* service/message_internal: what the parts of service/messages share: the row's history, the next
 * attempt, and what follows a failure. For message_*.c and messages.c only. */
#ifndef TOCSIN_SERVICE_MESSAGE_INTERNAL_H
#define TOCSIN_SERVICE_MESSAGE_INTERNAL_H

#include "domain/retry.h"
#include "service/messages.h"

/* A row of message_events: what the message is now, from whom that is known. */
NODISCARD enum err message_note(struct op *op, const struct message *message,
                                enum message_source source, struct str detail);
NODISCARD enum err message_insert(struct op *op, struct message *message);
/* The row in call_logs (K6); nothing for other channels. */
NODISCARD enum err message_log_call(struct op *op, const struct message *message,
                                    const char *status, struct str error);
/* As message_stale, without what concerns calls only. */
NODISCARD enum err message_subject_stale(struct op *op, const struct message *message,
                                         const char **reason);
/* What rules the way out and not the message: quiet hours, a suppressed address. */
NODISCARD enum err message_barred(struct op *op, const struct message *message,
                                  const char **reason);
/* It is not sent (again), for `reason`, and no row of it is on its way any more. Where only the way
 * is barred, its step goes on by the next channel; else the step is over. */
NODISCARD enum err message_give_up(struct op *op, const struct message *message,
                                   const char *reason);
/* A call that certainly never rang does not count as one of the person's two (K2). The attempts of
 * a step share a place, but for the repeat of one of unknown fate. */
NODISCARD enum err message_never_rang(struct op *op, const struct message *message);
/* The timer RECONCILE: its provider is asked for it then, or told to stop it. */
NODISCARD enum err message_ask_again(struct op *op, const struct message *message,
                                     struct instant at);
/* How long until a call that could not be stopped is to be stopped again. */
extern const struct duration call_stop_again;
/* Whether one more call about its meeting may be placed (K2); true for all else. */
NODISCARD enum err message_has_place(struct op *op, const struct message *message, bool *out);
/* The same text to the same address once more, by `provider`. A call that repeats one of unknown
 * fate takes a place of its own (K2), and E_RATE_LIMITED where there is none. */
NODISCARD enum err message_next_attempt(struct op *op, const struct message *before, bool is_repeat,
                                        struct str provider);

/* SENDING to SENT: the provider has taken it. News that overtook its answer is taken afterwards. */
NODISCARD enum err message_accept(struct op *op, struct message *message,
                                  enum message_source source, struct str provider_id);

/* A failure, and what may still be done about it. The message's row says that it failed, why, and
 * in which class. */
struct message_failure {
    enum retry_stage stage;
    bool is_temporary;
    bool is_mendable;
    bool is_told; /* The class is the provider's own word, not what the category means as a rule. */
    bool is_unknown; /* Nobody knows whether it went out after all. */
    struct duration asked_for;
};
/* Suppresses the address where it is to blame; then again the same way, or by the next provider, or
 * by the next channel of the person; or the step has failed. At most one of these (decision 0004).
 */
NODISCARD enum err message_follow(struct op *op, struct message *message,
                                  const struct message_failure *failure);

/* Fills the texts as whoever asks may see them; of a call as it is said: where no key can be heard,
 * none is spoken of. */
NODISCARD enum err message_shown_words(struct op *op, struct message *message);
/* GET /messages with a text: those of `page` with its words, or with its id. What is sealed no
 * index knows, so that one page looks through so many rows and says how many; its cursor goes on
 * behind them. E_INVALID where there is no word, or there are too many. */
enum { MESSAGE_SEARCH_ROWS = 1000, MESSAGE_SEARCH_WORDS = 8 };
NODISCARD enum err message_search(struct op *op, const struct message_list_input *wanted,
                                  struct message_page *page, struct message_list *out);

/* What was kept for the id that a message has from now on (V2). */
NODISCARD enum err message_take_early_news(struct op *op, const struct message *message);

#endif
