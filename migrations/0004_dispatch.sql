-- Dispatches, whom they ask, and what happened.

CREATE TABLE dispatches (
    id              @id,
    call_id         TEXT NOT NULL UNIQUE,
    caller_phone    @bytes NOT NULL,
    level           TEXT NOT NULL CHECK (@one_of(level, 'LOW', 'NORMAL', 'HIGH', 'CRITICAL')),
    issue_summary   @bytes NOT NULL,
    state           TEXT NOT NULL CHECK (@one_of(state, 'NEW', 'DISPATCHING', 'ACCEPTED', 'EXHAUSTED', 'CANCELLED', 'COMPLETED')),
    position        @int NOT NULL CHECK (position >= 0),
    attempt         @int NOT NULL CHECK (attempt >= 0),
    turn_attempts   @int NOT NULL CHECK (turn_attempts >= 0),
    turn_started_at @int,
    next_at         @int,
    accepted_by     @int,
    resolution      TEXT,
    created_at      @int NOT NULL,
    accepted_at     @int,
    exhausted_at    @int,
    ended_at        @int,
    updated_at      @int NOT NULL,
    CHECK ((state = 'DISPATCHING') = (next_at IS NOT NULL)),
    CHECK (state NOT IN ('ACCEPTED', 'COMPLETED') OR accepted_by IS NOT NULL),
    CHECK (state <> 'EXHAUSTED' OR exhausted_at IS NOT NULL),
    CHECK ((state IN ('CANCELLED', 'COMPLETED')) = (ended_at IS NOT NULL))
);
-- Only those that are still going on: what health and the start look at.
CREATE INDEX dispatches_open ON dispatches (id) WHERE state IN ('NEW', 'DISPATCHING');

CREATE TABLE dispatch_technicians (
    id          @id,
    dispatch_id @int NOT NULL,
    position    @int NOT NULL CHECK (position >= 1),
    user_id     @int NOT NULL,
    outcome     TEXT NOT NULL CHECK (@one_of(outcome, 'WAITING', 'ASKED', 'ACCEPTED', 'DECLINED', 'NO_ANSWER', 'UNREACHABLE')),
    asked_at    @int,
    answered_at @int,
    UNIQUE (dispatch_id, position),
    UNIQUE (dispatch_id, user_id)
);
-- One technician has it, whoever answers at the same time.
CREATE UNIQUE INDEX dispatch_accepted_once ON dispatch_technicians (dispatch_id) WHERE outcome = 'ACCEPTED';
CREATE INDEX dispatch_technicians_by_user ON dispatch_technicians (user_id, dispatch_id);

CREATE TABLE dispatch_events (
    id              @id,
    dispatch_id     @int NOT NULL,
    call_id         TEXT NOT NULL,
    kind            TEXT NOT NULL CHECK (@one_of(kind, 'OPENED', 'ATTEMPT', 'NEXT_CHANNEL', 'SKIPPED', 'RECEIPT', 'ACCEPTED', 'DECLINED',
                                                 'TOO_LATE', 'NO_ANSWER', 'MANUAL', 'RECOVERED', 'EXHAUSTED', 'CANCELLED', 'COMPLETED')),
    method          TEXT NOT NULL CHECK (@one_of(method, 'IN_APP', 'EMAIL', 'SMS', 'WHATSAPP', 'CALL', 'REPLY', 'KEY', 'LINK', 'API', 'ENGINE')),
    created_at      @int NOT NULL,
    sent_at         @int,
    delivery_status TEXT CHECK (@one_of(delivery_status, 'QUEUED', 'SENDING', 'SENT', 'DELIVERED', 'UNDELIVERED', 'FAILED',
                                        'ANSWERED', 'NO_ANSWER', 'BUSY', 'CANCELLED')),
    attempt_number  @int NOT NULL,
    result          TEXT,
    message_sid     TEXT,
    message_id      @int,
    user_id         @int,
    position        @int NOT NULL,
    CHECK (kind <> 'ATTEMPT' OR (attempt_number >= 1 AND message_id IS NOT NULL AND user_id IS NOT NULL)),
    CHECK (kind <> 'SKIPPED' OR result IS NOT NULL)
);
CREATE INDEX dispatch_events_by_dispatch ON dispatch_events (dispatch_id);
-- An attempt is made once by each method, whatever is restarted or pressed twice (D4, D5).
CREATE UNIQUE INDEX dispatch_attempt_once ON dispatch_events (dispatch_id, attempt_number, method) WHERE kind = 'ATTEMPT';
