-- Scheduled calls: who speaks (agents), what is due (calls), what belongs together (campaigns), who must not be called.

-- An agent is a name and a number of a version; what it says stands in its versions, which never change.
CREATE TABLE agents (
    id          @id,
    name        TEXT NOT NULL,
    version     @int NOT NULL CHECK (version >= 1),
    created_at  @int NOT NULL,
    updated_at  @int NOT NULL,
    archived_at @int
);

CREATE TABLE agent_versions (
    id               @id,
    agent_id         @int NOT NULL,
    number           @int NOT NULL CHECK (number >= 1),
    from_number      TEXT,
    voice            TEXT,
    language         TEXT NOT NULL,
    greeting         @bytes,
    script           @bytes NOT NULL,
    on_machine       TEXT NOT NULL CHECK (@one_of(on_machine, 'LEAVE_MESSAGE', 'HANG_UP', 'RETRY')),
    machine_message  @bytes,
    opt_out_key      TEXT,
    calls_per_minute @int NOT NULL CHECK (calls_per_minute >= 0),
    created_at       @int NOT NULL,
    created_by       TEXT NOT NULL,
    UNIQUE (agent_id, number)
);

-- A pending call is its own timer: what is due is scheduled_for of the rows that wait.
CREATE TABLE scheduled_calls (
    id                @id,
    phone             @bytes NOT NULL,
    phone_hash        @bytes NOT NULL,
    agent_id          @int NOT NULL,
    user_id           TEXT NOT NULL,
    campaign_id       @int,
    status            TEXT NOT NULL CHECK (@one_of(status, 'pending', 'processing', 'completed', 'failed', 'cancelled')),
    priority          @int NOT NULL CHECK (@one_of(priority, 1, 5, 10)),
    nominal_for       @int NOT NULL,
    scheduled_for     @int NOT NULL,
    timezone          TEXT NOT NULL,
    has_timezone      @int NOT NULL DEFAULT 1 CHECK (has_timezone IN (0, 1)),
    hours             TEXT,
    recurrence        TEXT,
    parent_id         @int,
    previous_id       @int,
    occurrence_number @int NOT NULL CHECK (occurrence_number >= 1),
    place             @int NOT NULL CHECK (place >= 1),
    series_ended      TEXT,
    expires_at        @int,
    metadata          @bytes,
    attempt           @int NOT NULL CHECK (attempt >= 0),
    outcome           TEXT CHECK (@one_of(outcome, 'answered', 'busy', 'no_answer', 'voicemail', 'failed', 'rate_limited')),
    next_run          @int,
    agent_version     @int NOT NULL,
    message_id        @int,
    is_late           @int NOT NULL CHECK (is_late IN (0, 1)),
    processed_at      @int,
    completed_at      @int,
    failed_at         @int,
    cancelled_at      @int,
    failure_reason    TEXT,
    created_at        @int NOT NULL,
    updated_at        @int NOT NULL,
    ended_at          @int,
    shelf             @int NOT NULL DEFAULT 0,
    renewed_id        @int,
    CHECK ((status = 'pending' OR status = 'processing') = (ended_at IS NULL)),
    CHECK (status <> 'completed' OR completed_at IS NOT NULL),
    CHECK (status <> 'failed' OR (failed_at IS NOT NULL AND failure_reason IS NOT NULL)),
    CHECK (status <> 'cancelled' OR cancelled_at IS NOT NULL),
    CHECK (status <> 'processing' OR processed_at IS NOT NULL)
);
-- The newest calls of all owners stand side by side: what is scheduled together is written together. Each call on a shelf has a
-- higher id than those on the shelves below.
CREATE INDEX scheduled_calls_by_user ON scheduled_calls (shelf, user_id, id);
CREATE INDEX scheduled_calls_waiting ON scheduled_calls (id, scheduled_for, priority, status) WHERE status = 'pending';
CREATE INDEX scheduled_calls_again ON scheduled_calls (id, next_run, priority) WHERE next_run IS NOT NULL;
CREATE INDEX scheduled_calls_by_campaign ON scheduled_calls (campaign_id, id) WHERE campaign_id IS NOT NULL;
CREATE UNIQUE INDEX scheduled_calls_of_series ON scheduled_calls (parent_id, occurrence_number) WHERE parent_id IS NOT NULL;
CREATE INDEX scheduled_calls_ended ON scheduled_calls (ended_at) WHERE ended_at IS NOT NULL;

-- How many calls are in each state, kept in the transaction that changes them. scope_id is 0 for ALL, the hash of the
-- owner's name for USER, a row id for AGENT and CAMPAIGN, the number of the attempt for OUTCOME, whose states are outcomes.
CREATE TABLE call_counts (
    scope    TEXT NOT NULL CHECK (@one_of(scope, 'ALL', 'USER', 'AGENT', 'CAMPAIGN', 'OUTCOME')),
    scope_id @int NOT NULL,
    status   TEXT NOT NULL,
    count    @int NOT NULL,
    PRIMARY KEY (scope, scope_id, status)
) @by_key;

CREATE TABLE campaigns (
    id               @id,
    name             TEXT NOT NULL,
    agent_id         @int,
    user_id          TEXT,
    state            TEXT NOT NULL CHECK (@one_of(state, 'ACTIVE', 'PAUSED', 'CANCELLED')),
    calls_per_minute @int NOT NULL CHECK (calls_per_minute >= 0),
    first_at         @int,
    last_at          @int,
    walked_to        @int,
    created_at       @int NOT NULL,
    created_by       TEXT NOT NULL,
    updated_at       @int NOT NULL,
    cancelled_at     @int
);

-- What a POST with an Idempotency-Key was answered, for a day.
CREATE TABLE idempotency_keys (
    id         @id,
    actor_hash @bytes NOT NULL,
    body_hash  @bytes NOT NULL,
    status     @int NOT NULL,
    answer     @bytes NOT NULL,
    created_at @int NOT NULL
);
CREATE UNIQUE INDEX idempotency_keys_once ON idempotency_keys (actor_hash);

-- Whether a callee wants to be called: a history, of which the newest row counts.
CREATE TABLE callee_consents (
    id         @id,
    phone      @bytes NOT NULL,
    phone_hash @bytes NOT NULL,
    state      TEXT NOT NULL CHECK (@one_of(state, 'GIVEN', 'WITHDRAWN')),
    source     TEXT NOT NULL CHECK (@one_of(source, 'API', 'KEY', 'REPLY', 'PROVIDER')),
    evidence   @bytes,
    created_at @int NOT NULL,
    created_by TEXT NOT NULL
);
CREATE INDEX callee_consents_by_phone ON callee_consents (phone_hash, id);

CREATE TABLE do_not_call (
    id         @id,
    phone      @bytes NOT NULL,
    phone_hash @bytes NOT NULL,
    source     TEXT NOT NULL CHECK (@one_of(source, 'API', 'KEY', 'REPLY', 'PROVIDER')),
    reason     @bytes,
    call_id    @int,
    created_at @int NOT NULL,
    created_by TEXT NOT NULL,
    lifted_at  @int,
    lifted_by  TEXT
);
CREATE UNIQUE INDEX do_not_call_once ON do_not_call (phone_hash) WHERE lifted_at IS NULL;

-- Days on which nothing opens, by a name that business hours may give: written down, or read from a feed, whose last good days
-- stay when it fails. `days` is 2026-12-24,2026-12-25 and so on in their order. Rows stay, for calls that name them.
CREATE TABLE holiday_calendars (
    id             @id,
    name           TEXT NOT NULL,
    url            @bytes,
    host           TEXT,
    days           TEXT NOT NULL,
    status         TEXT NOT NULL CHECK (@one_of(status, 'PENDING', 'OK', 'FAILING', 'DISABLED')),
    last_error     TEXT,
    last_synced_at @int,
    failures       @int NOT NULL,
    missing_since  @int,
    etag           TEXT,
    last_modified  TEXT,
    fingerprint    @int NOT NULL,
    expanded_at    @int,
    created_at     @int NOT NULL,
    updated_at     @int NOT NULL,
    archived_at    @int
);
CREATE UNIQUE INDEX holiday_calendars_once ON holiday_calendars (name) WHERE archived_at IS NULL;

-- How many jobs of each kind are in each state, kept in the transaction that changes them (store/job_counts).
CREATE TABLE queue_counts (
    kind      TEXT NOT NULL PRIMARY KEY,
    pending   @int NOT NULL,
    active    @int NOT NULL,
    completed @int NOT NULL,
    failed    @int NOT NULL,
    cancelled @int NOT NULL,
    stalled   @int NOT NULL
);
INSERT INTO queue_counts (kind, pending, active, completed, failed, cancelled, stalled)
SELECT kind, sum(CASE state WHEN 'PENDING' THEN 1 ELSE 0 END), sum(CASE state WHEN 'ACTIVE' THEN 1 ELSE 0 END),
       sum(CASE state WHEN 'COMPLETED' THEN 1 ELSE 0 END), sum(CASE state WHEN 'FAILED' THEN 1 ELSE 0 END),
       sum(CASE state WHEN 'CANCELLED' THEN 1 ELSE 0 END), sum(stalled)
FROM timers GROUP BY kind;

-- What somebody decided about a kind of job (Q2); a kind without a row runs. The bases are the counts at the last clean;
-- drained_until is the last call that was there when somebody drained them, until all of those are cancelled; drained_last stays.
CREATE TABLE queue_states (
    kind           TEXT NOT NULL PRIMARY KEY,
    paused_at      @int,
    paused_by      TEXT,
    cleaned_at     @int,
    completed_base @int NOT NULL,
    failed_base    @int NOT NULL,
    cancelled_base @int NOT NULL,
    drained_until  @int,
    drained_last   @int
);
