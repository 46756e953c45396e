-- Notifications inside Tocsin.

-- What waits to be seen by a person, or by whoever runs Tocsin where user_id is absent. The id of one to a person is that of its
-- message. Those of a subject that is over stay, marked so.
CREATE TABLE notifications (
    id           @id,
    user_id      @int,
    subject_type TEXT NOT NULL CHECK (@one_of(subject_type, 'MEETING', 'INCIDENT', 'USER', 'CALENDAR', 'SYSTEM', 'DISPATCH', 'POLICY',
                                              'SCHEDULE', 'INTEGRATION', 'SCHEDULED_CALL', 'AGENT', 'CAMPAIGN', 'CALLEE')),
    subject_id   @int,
    severity     TEXT CHECK (@one_of(severity, 'LOW', 'MEDIUM', 'HIGH', 'CRITICAL')),
    title        @bytes NOT NULL,
    text         @bytes,
    created_at   @int NOT NULL,
    seen_at      @int,
    ended_at     @int
);
CREATE INDEX notifications_of ON notifications (coalesce(user_id, 0), id);
CREATE INDEX notifications_unseen ON notifications (coalesce(user_id, 0), id) WHERE seen_at IS NULL;
CREATE INDEX notifications_open ON notifications (subject_id) WHERE ended_at IS NULL;
