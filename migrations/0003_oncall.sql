-- Who is on call when: schedules with their layers, overrides, and the secret addresses of their calendars.

CREATE TABLE schedules (
    id          @id,
    name        TEXT NOT NULL,
    description @bytes,
    timezone    TEXT NOT NULL,
    alarms_gaps @int NOT NULL CHECK (alarms_gaps IN (0, 1)),
    layers_json TEXT NOT NULL,
    revision    @int NOT NULL CHECK (revision >= 1),
    created_at  @int NOT NULL,
    updated_at  @int NOT NULL,
    deleted_at  @int
);
CREATE UNIQUE INDEX schedules_by_name ON schedules (name) WHERE deleted_at IS NULL;

CREATE TABLE schedule_overrides (
    id          @id,
    schedule_id @int NOT NULL,
    starts_at   @int NOT NULL,
    ends_at     @int NOT NULL,
    user_id     @int,
    is_nobody   @int NOT NULL CHECK (is_nobody IN (0, 1)),
    reason      @bytes,
    created_at  @int NOT NULL,
    deleted_at  @int,
    CHECK (starts_at < ends_at),
    CHECK ((user_id IS NULL) = (is_nobody = 1))
);
CREATE INDEX schedule_overrides_by_end ON schedule_overrides (schedule_id, ends_at) WHERE deleted_at IS NULL;

CREATE TABLE schedule_feeds (
    id          @id,
    schedule_id @int NOT NULL,
    user_id     @int,
    secret_hash @bytes NOT NULL UNIQUE,
    created_at  @int NOT NULL,
    revoked_at  @int
);
CREATE INDEX schedule_feeds_by_schedule ON schedule_feeds (schedule_id);
