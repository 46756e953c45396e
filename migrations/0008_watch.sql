-- What watches Tocsin itself: drills, reachability.

-- A drill is a ladder climbed for real: its incident, steps and messages are where those of others are.
CREATE TABLE drills (
    id          @id,
    name        @bytes NOT NULL,
    user_id     @int,
    policy      TEXT NOT NULL,
    everybody   @int NOT NULL CHECK (everybody IN (0, 1)),
    incident_id @int NOT NULL,
    started_by  TEXT NOT NULL,
    started_at  @int NOT NULL,
    ended_at    @int
);
CREATE UNIQUE INDEX drills_by_incident ON drills (incident_id);
