/* service/open_subjects: what a person was asked of late and may be answering (requirement V4).
 *
 * A subject is a meeting of the person's own, with the incident that may follow it, or another
 * incident; for an emergency contact the incident. Only what they got a text or a call about
 * counts. */
#ifndef TOCSIN_SERVICE_OPEN_SUBJECTS_H
#define TOCSIN_SERVICE_OPEN_SUBJECTS_H

#include "service/op.h"

enum { SUBJECTS_MAX = 32 };

struct open_subject {
    struct id id;   /* Of the meeting, else of the incident: what short codes stand for. */
    struct id user; /* Who was asked. */
    struct str title;
    struct str phone;    /* Of a dispatch: the caller's. */
    struct message last; /* The newest message about it. */
    bool waits;          /* An answer is still awaited. */
    bool is_live;        /* It is not over: somebody may have taken it. */
    bool can_end;        /* They can say that it is done. */
    bool is_drill;       /* What is written back says so. */
};

struct open_subjects {
    struct open_subject items[SUBJECTS_MAX];
    size_t count;
};

/* From when on somebody was asked "of late". */
struct instant open_subjects_since(const struct op *op);
/* Adds those of the people who share a number (a list of users), or whose emergency contact has it;
 * the newest first. */
NODISCARD enum err open_subjects_add(struct op *op, const struct list *users,
                                     enum message_target target, struct open_subjects *out);

#endif
