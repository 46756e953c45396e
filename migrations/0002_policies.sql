-- Policies: ladders as data, each version kept; and what the lint finds in them, in people and in schedules.

CREATE TABLE policies (
    id          @id,
    name        TEXT NOT NULL,
    version_id  @int NOT NULL,
    created_at  @int NOT NULL,
    archived_at @int
);
CREATE UNIQUE INDEX policies_by_name ON policies (name) WHERE archived_at IS NULL;

-- A version is never changed and never removed: running incidents refer to it.
CREATE TABLE policy_versions (
    id          @id,
    policy_id   @int NOT NULL,
    number      @int NOT NULL CHECK (number >= 1),
    description @bytes,
    owner_id    @int,
    ladder      TEXT NOT NULL,
    created_at  @int NOT NULL,
    created_by  TEXT NOT NULL,
    UNIQUE (policy_id, number)
);

-- As of the last time that the subject was looked at: when it was saved, or in the night.
CREATE TABLE lint_findings (
    id           @id,
    subject_type TEXT NOT NULL CHECK (@one_of(subject_type, 'MEETING', 'INCIDENT', 'USER', 'CALENDAR', 'SYSTEM', 'DISPATCH', 'POLICY',
                                              'SCHEDULE', 'INTEGRATION', 'SCHEDULED_CALL', 'AGENT', 'CAMPAIGN', 'CALLEE')),
    subject_id   @int NOT NULL,
    code         TEXT NOT NULL CHECK (@one_of(code, 'NOBODY_REACHABLE', 'ONE_CHANNEL_ONLY', 'LADDER_LONGER_THAN_MEETING',
                                              'CALL_IN_QUIET_HOURS', 'CALLS_OVER_PACE', 'HANDOFF_IN_GAP')),
    member       TEXT,
    message      TEXT NOT NULL,
    found_at     @int NOT NULL
);
CREATE INDEX lint_findings_by_subject ON lint_findings (subject_id);
