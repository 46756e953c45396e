/* service/wording: what a message says: texts in the person's language, with the facts put in.
 *
 * Fills subject_line, text, html, invite, language, segments and, for WhatsApp with an approved
 * template, template_id and template_variables of a plan whose channel and target are set. A text
 * of the rules file takes the place of ours where it has one for the occasion and the language.
 * person.locale chooses the language; whoever has none, and the operator, reads English. */
#ifndef TOCSIN_SERVICE_WORDING_H
#define TOCSIN_SERVICE_WORDING_H

#include "channel/render.h"
#include "service/messages.h"

struct wording {
    enum text_key key;
    const struct user *user;
    const struct meeting *meeting; /* May be NULL. */
    struct str title;              /* Where there is no meeting. */
    struct str person;             /* Whom it is about, where that is not the reader. */
    struct str by;                 /* These may be absent: see channel/render.h. */
    struct instant since;
    struct instant at; /* Where there is no meeting. */
    struct str provider;
    struct str error;
    struct str code;
    int64_t count;
    struct str link;  /* In place of the meeting's. */
    struct str phone; /* Of a dispatch: the caller's number. */
    bool is_drill;    /* It says so before anything else. */
};
/* The texts of a missed meeting give way to MISSED_NOTED where the person has said that they can't
 * make it. */
NODISCARD enum err word_message(struct op *op, const struct wording *given,
                                struct message_plan *plan);

/* What is said in a call, or written back, at once: no message is planned. */
NODISCARD enum err word_speech(struct op *op, const struct wording *wording, struct str *out);
NODISCARD enum err word_reply(struct op *op, const struct wording *wording, enum channel channel,
                              struct str *out);

#endif
