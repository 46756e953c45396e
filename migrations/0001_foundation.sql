-- The foundation: people, calendars, meetings, alerts, check-ins, incidents, messages, timers, audit.
-- One text for both engines. @id is the row id (a growing 64-bit number), @int a 64-bit integer, @bytes a byte string.
-- Times are milliseconds since 1970 in UTC. Columns whose values are sealed are @bytes (requirement P5).
-- The words of the CHECKs are those of src/model/enums.def; a test compares them. @one_of(column, 'A', 'B') is column IN ('A', 'B')
-- in a form that is cheap: for each IN of three words and more SQLite 3.40 builds a table at each INSERT, which doubles its cost.

CREATE TABLE settings (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE users (
    id                @id,
    name              @bytes NOT NULL,
    email             @bytes,
    phone             @bytes,
    whatsapp          @bytes,
    timezone          TEXT,
    locale            TEXT,
    call_opt_in       @int NOT NULL CHECK (call_opt_in IN (0, 1)),
    quiet_start       TEXT,
    quiet_end         TEXT,
    emergency_name    @bytes,
    emergency_phone   @bytes,
    emergency_email   @bytes,
    calendar_enabled  @int NOT NULL CHECK (calendar_enabled IN (0, 1)),
    preferred_channel TEXT CHECK (@one_of(preferred_channel, 'SMS', 'WHATSAPP')),
    phone_hash        @bytes,
    whatsapp_hash     @bytes,
    emergency_phone_hash @bytes,
    created_at        @int NOT NULL,
    updated_at        @int NOT NULL,
    deleted_at        @int,
    CHECK ((quiet_start IS NULL) = (quiet_end IS NULL))
);
CREATE INDEX users_by_phone ON users (phone_hash) WHERE phone_hash IS NOT NULL;
CREATE INDEX users_by_whatsapp ON users (whatsapp_hash) WHERE whatsapp_hash IS NOT NULL;
CREATE INDEX users_by_emergency_phone ON users (emergency_phone_hash) WHERE emergency_phone_hash IS NOT NULL;

CREATE TABLE api_keys (
    id         @id,
    name       TEXT NOT NULL,
    scope      TEXT NOT NULL CHECK (@one_of(scope, 'ADMIN', 'OPERATOR', 'RESPONDER', 'READER', 'USER')),
    user_id    @int,
    prefix     TEXT,
    key_hash   @bytes NOT NULL UNIQUE,
    session_hash @bytes,
    sign_in    TEXT CHECK (@one_of(sign_in, 'KEY', 'PASSWORD', 'OIDC')),
    created_at @int NOT NULL,
    expires_at @int,
    revoked_at @int,
    CHECK (sign_in IS NULL OR expires_at IS NOT NULL),
    CHECK ((session_hash IS NOT NULL) = (coalesce(sign_in, '') = 'KEY')),
    CHECK (scope <> 'USER' OR user_id IS NOT NULL)
);

-- How people sign in: one account a person, found by the keyed hash of its login or of who they are at an OpenID Connect provider.
CREATE TABLE accounts (
    id           @id,
    user_id      @int NOT NULL UNIQUE,
    login        @bytes NOT NULL,
    login_hash   @bytes NOT NULL UNIQUE,
    role         TEXT NOT NULL CHECK (@one_of(role, 'ADMIN', 'OPERATOR', 'RESPONDER', 'READER', 'USER')),
    encoded      @bytes,
    subject_hash @bytes UNIQUE,
    password_at  @int,
    created_at   @int NOT NULL,
    updated_at   @int NOT NULL
);

CREATE TABLE calendars (
    id             @id,
    user_id        @int NOT NULL,
    kind           TEXT NOT NULL CHECK (@one_of(kind, 'ics', 'caldav', 'upload')),
    url            @bytes,
    host           TEXT,
    username       @bytes,
    password       @bytes,
    status         TEXT NOT NULL CHECK (@one_of(status, 'PENDING', 'OK', 'FAILING', 'DISABLED')),
    last_error     TEXT,
    last_synced_at @int,
    warning_count  @int NOT NULL,
    first_warning  TEXT,
    failures       @int NOT NULL,
    missing_since  @int,
    etag           TEXT,
    last_modified  TEXT,
    sync_token     TEXT,
    ctag           TEXT,
    collection_url @bytes,
    fingerprint    @int NOT NULL,
    expanded_until @int,
    created_at     @int NOT NULL,
    deleted_at     @int,
    CHECK ((kind = 'upload') = (url IS NULL))
);
CREATE INDEX calendars_by_user ON calendars (user_id);

CREATE TABLE calendar_resources (
    id          @id,
    calendar_id @int NOT NULL,
    href        TEXT NOT NULL,
    etag        TEXT,
    body        @bytes NOT NULL,
    UNIQUE (calendar_id, href)
);

CREATE TABLE meetings (
    id             @id,
    user_id        @int NOT NULL,
    external_id    TEXT NOT NULL,
    title          @bytes NOT NULL,
    starts_at      @int NOT NULL,
    ends_at        @int NOT NULL,
    timezone       TEXT NOT NULL,
    status         TEXT NOT NULL CHECK (@one_of(status, 'SCHEDULED', 'TENTATIVE', 'CANCELLED', 'DECLINED')),
    join_url       @bytes,
    generation     @int NOT NULL,
    sequence       @int NOT NULL,
    modified_at    @int,
    is_all_day     @int NOT NULL CHECK (is_all_day IN (0, 1)),
    is_transparent @int NOT NULL CHECK (is_transparent IN (0, 1)),
    is_pushed      @int NOT NULL CHECK (is_pushed IN (0, 1)),
    checkin_status TEXT CHECK (@one_of(checkin_status, 'JOINED', 'MISSED')),
    check_at       @int,
    created_at     @int NOT NULL,
    updated_at     @int NOT NULL,
    UNIQUE (user_id, external_id),
    CHECK (ends_at >= starts_at)
);
-- What waits and is its own timer is found by a start in indexes like this one, to which rows are appended and which hold all
-- that is asked of them, the columns of the condition too: else SQLite 3.40 reads each row. The queries say the same words.
CREATE INDEX meetings_unchecked ON meetings (id, check_at) WHERE check_at IS NOT NULL;
-- There is no index by start: each one that is spread over the people costs a page of its own for each new meeting, which is a
-- third of what creating it costs. The unique key finds a person's meetings, whose starts are then looked at.

-- Which calendars a meeting stands in, and in which of their resources: it is cancelled when the last one drops it.
CREATE TABLE meeting_sources (
    calendar_id @int NOT NULL,
    meeting_id  @int NOT NULL,
    resource_id @int NOT NULL,
    PRIMARY KEY (calendar_id, meeting_id)
);
CREATE INDEX meeting_sources_by_meeting ON meeting_sources (meeting_id);

CREATE TABLE alerts (
    id          @id,
    meeting_id  @int NOT NULL,
    user_id     @int NOT NULL,
    generation  @int NOT NULL,
    alert_type  TEXT NOT NULL,
    stage       @int NOT NULL,
    channel     TEXT NOT NULL CHECK (@one_of(channel, 'IN_APP', 'EMAIL', 'SMS', 'WHATSAPP', 'CALL', 'WEBHOOK')),
    status      TEXT NOT NULL CHECK (@one_of(status, 'PENDING', 'SENDING', 'DELIVERED', 'FAILED', 'SKIPPED', 'CANCELLED')),
    due_at      @int NOT NULL,
    valid_until @int NOT NULL,
    claimed_at  @int,
    sent_at     @int,
    reason      TEXT,
    message_id  @int,
    UNIQUE (meeting_id, generation, stage),
    CHECK (status <> 'DELIVERED' OR sent_at IS NOT NULL),
    CHECK (status <> 'SKIPPED' OR reason IS NOT NULL),
    CHECK (status NOT IN ('SENDING', 'DELIVERED') OR message_id IS NOT NULL)
);
CREATE INDEX alerts_waiting ON alerts (id, due_at, channel, status) WHERE status = 'PENDING';

CREATE TABLE checkins (
    id         @id,
    meeting_id @int NOT NULL,
    user_id    @int NOT NULL,
    status     TEXT NOT NULL CHECK (@one_of(status, 'JOINED', 'MISSED')),
    source     TEXT NOT NULL CHECK (@one_of(source, 'API', 'AUTO_CALL', 'MANUAL_SMS', 'LINK')),
    created_at @int NOT NULL
);
CREATE INDEX checkins_by_meeting ON checkins (meeting_id);

CREATE TABLE incidents (
    id                @id,
    kind              TEXT NOT NULL CHECK (@one_of(kind, 'GENERIC', 'MISSED_MEETING', 'ALERT', 'HEARTBEAT', 'DRILL')),
    title             @bytes NOT NULL,
    details           @bytes,
    severity          TEXT NOT NULL CHECK (@one_of(severity, 'LOW', 'MEDIUM', 'HIGH', 'CRITICAL')),
    state             TEXT NOT NULL CHECK (@one_of(state, 'OPEN', 'ACKNOWLEDGED', 'ESCALATING', 'RESOLVED', 'CANCELLED')),
    policy            TEXT,
    policy_version    @int,
    dedup_key         TEXT,
    source_id         @int,
    reports           @int NOT NULL,
    user_id           @int,
    meeting_id        @int,
    generation        @int NOT NULL,
    created_at        @int NOT NULL,
    ladder_started_at @int,
    round             @int NOT NULL,
    first_round       @int NOT NULL,
    held_until        @int,
    acknowledged_at   @int,
    acknowledged_by   @int,
    taken_as          TEXT CHECK (@one_of(taken_as, 'PERSON', 'USER', 'SCHEDULE', 'EMERGENCY_CONTACT')),
    lease_until       @int,
    lease_lapsed_at   @int,
    resolved_at       @int,
    cancelled_at      @int,
    exhausted_at      @int,
    resolution        TEXT,
    updated_at        @int NOT NULL,
    CHECK (kind <> 'MISSED_MEETING' OR (meeting_id IS NOT NULL AND user_id IS NOT NULL))
);
CREATE INDEX incidents_by_meeting ON incidents (meeting_id) WHERE meeting_id IS NOT NULL;
-- A person has one open incident a meeting (E4), whoever creates it.
CREATE UNIQUE INDEX incidents_open_once ON incidents (meeting_id, user_id)
    WHERE meeting_id IS NOT NULL AND state IN ('OPEN', 'ACKNOWLEDGED', 'ESCALATING');
-- A source has one open incident a key (I3); the API is the source 0.
CREATE UNIQUE INDEX incidents_open_of_key ON incidents (coalesce(source_id, 0), dedup_key)
    WHERE dedup_key IS NOT NULL AND state IN ('OPEN', 'ACKNOWLEDGED', 'ESCALATING');
-- Lists: those that are open by their state, which are few; those of a person; and all, which are counted in the narrower of the two.
CREATE INDEX incidents_open_by_state ON incidents (state) WHERE state IN ('OPEN', 'ACKNOWLEDGED', 'ESCALATING');
CREATE INDEX incidents_by_user ON incidents (user_id);

CREATE TABLE steps (
    id            @id,
    incident_id   @int NOT NULL,
    round         @int NOT NULL,
    level         @int NOT NULL,
    target_index  @int NOT NULL,
    time_index    @int NOT NULL,
    step_type     TEXT NOT NULL CHECK (@one_of(step_type, 'IN_APP', 'EMAIL', 'MESSAGE', 'SMS', 'WHATSAPP', 'CALL', 'REPEAT_CALL')),
    channel       TEXT NOT NULL CHECK (@one_of(channel, 'IN_APP', 'EMAIL', 'SMS', 'WHATSAPP', 'CALL', 'WEBHOOK')),
    target_kind   TEXT NOT NULL CHECK (@one_of(target_kind, 'PERSON', 'USER', 'SCHEDULE', 'EMERGENCY_CONTACT')),
    target_id     @int,
    user_id       @int,
    target        TEXT NOT NULL CHECK (@one_of(target, 'PERSON', 'EMERGENCY_CONTACT', 'OPERATOR', 'CALLEE')),
    overrides_quiet_hours @int NOT NULL CHECK (overrides_quiet_hours IN (0, 1)),
    status        TEXT NOT NULL CHECK (@one_of(status, 'PENDING', 'EXECUTED', 'FAILED', 'SKIPPED', 'CANCELLED')),
    scheduled_at  @int NOT NULL,
    claimed_at    @int,
    executed_at   @int,
    failed_at     @int,
    error_message TEXT,
    reason        TEXT,
    message_id    @int,
    UNIQUE (incident_id, round, level, target_index, time_index),
    CHECK (status <> 'EXECUTED' OR executed_at IS NOT NULL),
    CHECK (status <> 'SKIPPED' OR reason IS NOT NULL)
);
CREATE INDEX steps_waiting ON steps (id, scheduled_at, status, claimed_at) WHERE status = 'PENDING' AND claimed_at IS NULL;

-- The outbox. Once per (step, target, attempt) is a key of the database (architecture.md, rule 2).
CREATE TABLE messages (
    id            @id,
    subject_type  TEXT NOT NULL CHECK (@one_of(subject_type, 'MEETING', 'INCIDENT', 'USER', 'CALENDAR', 'SYSTEM', 'DISPATCH', 'POLICY',
                                              'SCHEDULE', 'INTEGRATION', 'SCHEDULED_CALL', 'AGENT', 'CAMPAIGN', 'CALLEE')),
    subject_id    @int,
    step_id       @int,
    meeting_id    @int,
    user_id       @int,
    target        TEXT NOT NULL CHECK (@one_of(target, 'PERSON', 'EMERGENCY_CONTACT', 'OPERATOR', 'CALLEE')),
    channel       TEXT NOT NULL CHECK (@one_of(channel, 'IN_APP', 'EMAIL', 'SMS', 'WHATSAPP', 'CALL', 'WEBHOOK')),
    provider      TEXT NOT NULL,
    recipient     @bytes NOT NULL,
    subject_line  @bytes,
    state         TEXT NOT NULL CHECK (@one_of(state, 'QUEUED', 'SENDING', 'SENT', 'DELIVERED', 'UNDELIVERED', 'FAILED',
                                                 'ANSWERED', 'NO_ANSWER', 'BUSY', 'CANCELLED')),
    receipt_level TEXT CHECK (@one_of(receipt_level, 'ACCEPTED', 'LEFT', 'REACHED', 'HUMAN', 'CONFIRMED')),
    attempt       @int NOT NULL CHECK (attempt >= 1),
    is_repeat     @int NOT NULL CHECK (is_repeat IN (0, 1)),
    wire_id       @int NOT NULL,
    priority      @int NOT NULL,
    provider_id   TEXT,
    error         TEXT,
    category      TEXT CHECK (@one_of(category, 'network', 'timeout', 'rate_limited', 'provider_error', 'auth',
                                           'invalid_number', 'opted_out', 'carrier_rejected', 'unreachable',
                                           'no_answer', 'busy', 'rejected_content', 'unknown')),
    created_at    @int NOT NULL,
    due_at        @int NOT NULL,
    valid_until   @int,
    claimed_at    @int,
    sent_at       @int,
    delivered_at  @int,
    ended_at      @int,
    language      TEXT,
    template_id   TEXT,
    template_variables @bytes,
    from_number   TEXT,
    segments      @int,
    code          TEXT,
    failure_class TEXT CHECK (@one_of(failure_class, 'AGAIN', 'ELSEWHERE', 'RECIPIENT', 'OPTED_OUT', 'OURS')),
    provider_state TEXT,
    cost_micros   @int,
    currency      TEXT,
    asked_at      @int,
    polls         @int NOT NULL,
    duration_seconds @int NOT NULL,
    stopped_at    @int,
    UNIQUE (step_id, target, attempt),
    CHECK (state <> 'QUEUED' OR (claimed_at IS NULL AND sent_at IS NULL AND ended_at IS NULL)),
    CHECK (state <> 'SENDING' OR (claimed_at IS NOT NULL AND sent_at IS NULL AND ended_at IS NULL)),
    CHECK (sent_at IS NOT NULL OR NOT @one_of(state, 'SENT', 'DELIVERED', 'UNDELIVERED', 'ANSWERED', 'NO_ANSWER', 'BUSY')),
    CHECK (state NOT IN ('DELIVERED', 'ANSWERED') OR delivered_at IS NOT NULL)
);
-- Only what is still on its way: what a restart has to look at. By columns that taking a message up does not change, so that
-- this writes nothing here.
CREATE INDEX messages_on_their_way ON messages (id) WHERE sent_at IS NULL AND ended_at IS NULL;
CREATE INDEX messages_by_subject ON messages (subject_id);
CREATE INDEX messages_by_user ON messages (user_id) WHERE user_id IS NOT NULL;

-- A message by what its provider calls it: callbacks that carry no id of ours, and attempts that look alike at the provider.
CREATE INDEX messages_by_provider_id ON messages (provider_id) WHERE provider_id IS NOT NULL;

-- Each thing that was learnt about a message, in the order in which it was learnt (V1).
CREATE TABLE message_events (
    id             @id,
    message_id     @int NOT NULL,
    at             @int NOT NULL,
    state          TEXT NOT NULL CHECK (@one_of(state, 'QUEUED', 'SENDING', 'SENT', 'DELIVERED', 'UNDELIVERED', 'FAILED',
                                                  'ANSWERED', 'NO_ANSWER', 'BUSY', 'CANCELLED')),
    receipt_level  TEXT CHECK (@one_of(receipt_level, 'ACCEPTED', 'LEFT', 'REACHED', 'HUMAN', 'CONFIRMED')),
    source         TEXT NOT NULL CHECK (@one_of(source, 'ENGINE', 'CREATE', 'CALLBACK', 'POLL', 'PERSON')),
    provider_state TEXT,
    code           TEXT,
    detail         TEXT
);
CREATE INDEX message_events_by_message ON message_events (message_id);

-- News about something that we do not know yet: kept for ten minutes, in case it overtook our own write (V2).
CREATE TABLE early_news (
    id          @id,
    provider    TEXT NOT NULL,
    provider_id TEXT NOT NULL,
    news        @bytes NOT NULL,
    received_at @int NOT NULL
);
CREATE INDEX early_news_by_provider_id ON early_news (provider_id);

-- Addresses that are not written to or called any more (P4): one row while it holds.
CREATE TABLE suppressions (
    id           @id,
    channel      TEXT NOT NULL CHECK (@one_of(channel, 'IN_APP', 'EMAIL', 'SMS', 'WHATSAPP', 'CALL', 'WEBHOOK')),
    address_hash @bytes NOT NULL,
    address      @bytes NOT NULL,
    user_id      @int,
    category     TEXT NOT NULL CHECK (@one_of(category, 'network', 'timeout', 'rate_limited', 'provider_error', 'auth',
                                           'invalid_number', 'opted_out', 'carrier_rejected', 'unreachable',
                                           'no_answer', 'busy', 'rejected_content', 'unknown')),
    provider     TEXT,
    code         TEXT,
    created_at   @int NOT NULL,
    lifted_at    @int
);
CREATE UNIQUE INDEX suppressions_once ON suppressions (channel, address_hash) WHERE lifted_at IS NULL;
CREATE INDEX suppressions_by_user ON suppressions (user_id) WHERE user_id IS NOT NULL;

-- Texts that people wrote to us, each once, whichever way and however often it came in (V4, V10).
CREATE TABLE inbound_texts (
    id          @id,
    provider    TEXT NOT NULL,
    provider_id TEXT NOT NULL,
    channel     TEXT NOT NULL CHECK (@one_of(channel, 'IN_APP', 'EMAIL', 'SMS', 'WHATSAPP', 'CALL', 'WEBHOOK')),
    sender      @bytes NOT NULL,
    sender_hash @bytes NOT NULL,
    text        @bytes NOT NULL,
    meaning     TEXT NOT NULL,
    reply       @bytes,
    user_id     @int,
    subject_id  @int,
    received_at @int NOT NULL,
    UNIQUE (provider, provider_id)
);
CREATE INDEX inbound_texts_by_sender ON inbound_texts (sender_hash);

-- What a person may put before or behind a word to say which of several open subjects is meant: "12a" (V4).
CREATE TABLE short_codes (
    id         @id,
    user_id    @int NOT NULL,
    code       TEXT NOT NULL,
    subject_id @int NOT NULL,
    UNIQUE (user_id, code),
    UNIQUE (user_id, subject_id)
);

-- How each provider has been of late: outlives a restart, so that an operator is told once (V6, V7).
CREATE TABLE provider_states (
    id             @id,
    provider       TEXT NOT NULL UNIQUE,
    breaker        TEXT NOT NULL CHECK (@one_of(breaker, 'CLOSED', 'OPEN', 'HALF_OPEN')),
    failures       @int NOT NULL,
    opened_at      @int,
    retry_at       @int,
    openings       @int NOT NULL,
    told_at        @int,
    last_error     TEXT,
    last_code      TEXT,
    last_category  TEXT CHECK (@one_of(last_category, 'network', 'timeout', 'rate_limited', 'provider_error', 'auth',
                                           'invalid_number', 'opted_out', 'carrier_rejected', 'unreachable',
                                           'no_answer', 'busy', 'rejected_content', 'unknown')),
    last_error_at  @int,
    last_success_at @int,
    inbox_read_at  @int
);

-- What the operator was told and is not over: told once a key (V7).
CREATE TABLE operator_notes (
    key     TEXT NOT NULL PRIMARY KEY,
    told_at @int NOT NULL
);

-- Paid messages counted by day and scope, where there are caps (V11); day 0 for counts that do not end with a day.
CREATE TABLE spend_counts (
    day   @int NOT NULL,
    scope TEXT NOT NULL,
    count @int NOT NULL,
    PRIMARY KEY (day, scope)
);

-- What a message says, apart from its row: that is written four times in its life, this once.
CREATE TABLE message_bodies (
    id     @id,
    text   @bytes,
    html   @bytes,
    invite @bytes
);

-- At most two calls per person and meeting (K2): there are no more places than two.
CREATE TABLE call_slots (
    meeting_id @int NOT NULL,
    user_id    @int NOT NULL,
    target     TEXT NOT NULL CHECK (@one_of(target, 'PERSON', 'EMERGENCY_CONTACT')),
    slot       @int NOT NULL CHECK (slot IN (1, 2)),
    message_id @int NOT NULL,
    PRIMARY KEY (meeting_id, user_id, target, slot)
);

CREATE TABLE call_logs (
    id         @id,
    message_id @int,
    meeting_id @int,
    user_id    @int,
    status     TEXT NOT NULL CHECK (@one_of(status, 'initiated', 'failed', 'skipped', 'rate_limited')),
    provider   TEXT NOT NULL,
    sid        TEXT,
    error      TEXT,
    category   TEXT CHECK (@one_of(category, 'network', 'timeout', 'rate_limited', 'provider_error', 'auth',
                                        'invalid_number', 'opted_out', 'carrier_rejected', 'unreachable',
                                        'no_answer', 'busy', 'rejected_content', 'unknown')),
    created_at @int NOT NULL
);
CREATE INDEX call_logs_by_meeting ON call_logs (meeting_id) WHERE meeting_id IS NOT NULL;

CREATE TABLE timers (
    id          @id,
    kind        TEXT NOT NULL CHECK (@one_of(kind, 'ALERT', 'MISSED_CHECK', 'STEP', 'MESSAGE_RETRY', 'RECONCILE',
                                              'CALENDAR_SYNC', 'POLL', 'INBOX', 'CLEAN', 'LEASE', 'DISPATCH', 'HEARTBEAT', 'MAINTENANCE', 'SINK', 'PING', 'CANARY',
                                              'NIGHTLY', 'RESEAL', 'SCHEDULED_CALL', 'CAMPAIGN', 'OWNER', 'DRAIN', 'LADDER', 'LADDER_BEGIN')),
    subject_id  @int,
    due_at      @int NOT NULL,
    priority    @int NOT NULL,
    state       TEXT NOT NULL CHECK (@one_of(state, 'PENDING', 'ACTIVE', 'COMPLETED', 'FAILED', 'CANCELLED')),
    attempts    @int NOT NULL,
    stalled     @int NOT NULL,
    lease_until @int,
    started_at  @int,
    ended_at    @int,
    error       TEXT,
    CHECK ((state = 'ACTIVE') = (lease_until IS NOT NULL)),
    CHECK ((state = 'PENDING' OR state = 'ACTIVE') = (ended_at IS NULL))
);
-- An alert, a step and the check of a meeting are their own timers; a row here, with their id, only remembers attempts that failed.
CREATE INDEX timers_waiting ON timers (kind, subject_id) WHERE ended_at IS NULL;

CREATE TABLE audit_events (
    seq          @id,
    at           @int NOT NULL,
    actor        TEXT NOT NULL,
    action       TEXT NOT NULL,
    subject_type TEXT NOT NULL CHECK (@one_of(subject_type, 'MEETING', 'INCIDENT', 'USER', 'CALENDAR', 'SYSTEM', 'DISPATCH', 'POLICY',
                                              'SCHEDULE', 'INTEGRATION', 'SCHEDULED_CALL', 'AGENT', 'CAMPAIGN', 'CALLEE')),
    subject_id   @int,
    user_id      @int,
    before       @bytes,
    after        @bytes,
    erased       @bytes,
    reason       TEXT,
    hash         TEXT NOT NULL
);
CREATE INDEX audit_events_by_subject ON audit_events (subject_id);
