-- Sources of alerts: integrations with what was last heard of their alerts, heartbeats, and the windows in which they page nobody.

CREATE TABLE integrations (
    id               @id,
    name             TEXT NOT NULL,
    kind             TEXT NOT NULL CHECK (@one_of(kind, 'GENERIC', 'ALERTMANAGER', 'GRAFANA', 'ANY')),
    policy           TEXT,
    user_id          @int,
    severity         TEXT NOT NULL CHECK (@one_of(severity, 'LOW', 'MEDIUM', 'HIGH', 'CRITICAL')),
    mapping_text     TEXT,
    secret           @bytes,
    timestamp_header TEXT,
    enabled          @int NOT NULL CHECK (enabled IN (0, 1)),
    key_hash         @bytes NOT NULL UNIQUE,
    last_event_at    @int,
    received         @int NOT NULL,
    opened           @int NOT NULL,
    resolved         @int NOT NULL,
    created_at       @int NOT NULL,
    updated_at       @int NOT NULL,
    deleted_at       @int
);

-- One row an alert, however often it is repeated: a group message that says nothing new changes nothing.
CREATE TABLE source_alerts (
    id             @id,
    integration_id @int NOT NULL,
    fingerprint    TEXT NOT NULL,
    starts_at      @int,
    signal         TEXT NOT NULL CHECK (@one_of(signal, 'FIRING', 'ACKNOWLEDGED', 'RESOLVED', 'IGNORED')),
    incident_id    @int,
    updated_at     @int NOT NULL,
    UNIQUE (integration_id, fingerprint)
);

CREATE TABLE heartbeats (
    id            @id,
    name          TEXT NOT NULL,
    every_seconds @int NOT NULL CHECK (every_seconds >= 1),
    grace_seconds @int NOT NULL CHECK (grace_seconds >= 0),
    policy        TEXT,
    user_id       @int,
    severity      TEXT NOT NULL CHECK (@one_of(severity, 'LOW', 'MEDIUM', 'HIGH', 'CRITICAL')),
    state         TEXT NOT NULL CHECK (@one_of(state, 'WAITING', 'OK', 'MISSED', 'PAUSED')),
    last_beat_at  @int,
    beats         @int NOT NULL,
    counts_from   @int,
    missed_at     @int,
    incident_id   @int,
    token_hash    @bytes NOT NULL UNIQUE,
    created_at    @int NOT NULL,
    updated_at    @int NOT NULL,
    deleted_at    @int
);

CREATE TABLE maintenance_windows (
    id         @id,
    name       TEXT NOT NULL,
    starts_at  @int NOT NULL,
    ends_at    @int NOT NULL,
    source_id  @int,
    created_by TEXT NOT NULL,
    created_at @int NOT NULL,
    ended_at   @int,
    CHECK (ends_at > starts_at)
);
-- Asked for each incident that is reported: those that are on or to come.
CREATE INDEX maintenance_windows_open ON maintenance_windows (ends_at) WHERE ended_at IS NULL;

-- What waits for a window to end; nothing else stands in it.
CREATE INDEX incidents_held ON incidents (id) WHERE held_until IS NOT NULL AND state='OPEN';
