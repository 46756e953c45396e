-- Events as sinks and streams read them, and the sinks.

-- What happened, in the order of the ids. No index beside the key: each event costs one insert at the end of the table, and
-- whoever listens goes on from the last id that it has seen.
CREATE TABLE events (
    id           @id,
    at           @int NOT NULL,
    kind         TEXT NOT NULL CHECK (@one_of(kind, 'INCIDENT_OPENED', 'INCIDENT_JOINED', 'INCIDENT_ESCALATING', 'INCIDENT_ACKNOWLEDGED',
                                              'INCIDENT_RESOLVED', 'INCIDENT_CANCELLED', 'INCIDENT_LEASE_ENDED', 'ESCALATION_EXHAUSTED',
                                              'STEP_ENDED', 'DISPATCH_OPENED', 'DISPATCH_ATTEMPT', 'DISPATCH_RECEIPT',
                                              'DISPATCH_ACCEPTED', 'DISPATCH_DECLINED', 'DISPATCH_EXHAUSTED', 'DISPATCH_CANCELLED',
                                              'DISPATCH_COMPLETED', 'NOTIFICATION_ADDED', 'NOTIFICATION_SEEN', 'MEETING_CHANGED',
                                              'SCHEDULED_CALL_COMPLETED', 'SCHEDULED_CALL_FAILED', 'SCHEDULED_CALL_CANCELLED',
                                              'SCHEDULED_CALL_MOVED', 'SCHEDULED_CALL_RESTORED', 'CAMPAIGN_CHANGED', 'QUEUE_CHANGED',
                                              'CALLEE_CHANGED')),
    subject_type TEXT NOT NULL CHECK (@one_of(subject_type, 'MEETING', 'INCIDENT', 'USER', 'CALENDAR', 'SYSTEM', 'DISPATCH', 'POLICY',
                                              'SCHEDULE', 'INTEGRATION', 'SCHEDULED_CALL', 'AGENT', 'CAMPAIGN', 'CALLEE')),
    subject_id   @int,
    user_id      @int,
    call_id      TEXT,
    data         @bytes
);

-- Where events are told. A sink is how far it got: nothing is copied for it. asked_at paces the sinks of one base.
CREATE TABLE sinks (
    id              @id,
    kind            TEXT NOT NULL CHECK (@one_of(kind, 'AIRTABLE', 'WEBHOOK')),
    name            TEXT NOT NULL,
    enabled         @int NOT NULL CHECK (enabled IN (0, 1)),
    base            TEXT,
    base_table      TEXT,
    token           @bytes,
    url             @bytes,
    secret          @bytes,
    host            TEXT,
    is_own          @int NOT NULL CHECK (is_own IN (0, 1)),
    state           TEXT NOT NULL CHECK (@one_of(state, 'OK', 'FAILING', 'PAUSED')),
    taken_id        @int,
    failures        @int NOT NULL,
    suspects        @int NOT NULL,
    refused         @int NOT NULL,
    last_error      @bytes,
    last_error_at   @int,
    last_success_at @int,
    retry_at        @int,
    asked_at        @int,
    is_asleep       @int NOT NULL CHECK (is_asleep IN (0, 1)),
    created_at      @int NOT NULL,
    updated_at      @int NOT NULL,
    CHECK (kind <> 'AIRTABLE' OR (base IS NOT NULL AND base_table IS NOT NULL AND token IS NOT NULL AND url IS NULL)),
    CHECK (kind <> 'WEBHOOK' OR (url IS NOT NULL AND base IS NULL))
);

-- What a sink would not take. The events that these name are kept as long as they are.
CREATE TABLE sink_dead_letters (
    id       @id,
    sink_id  @int NOT NULL,
    event_id @int NOT NULL,
    at       @int NOT NULL,
    error    @bytes,
    is_again @int NOT NULL CHECK (is_again IN (0, 1)),
    UNIQUE (event_id, sink_id)
);
