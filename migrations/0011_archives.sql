-- Archives: the files that rows past their keeping went to, and what opens them.

-- A file of archived rows: what counts of it are its first `bytes`, written in the transactions that removed the rows. `hash` goes
-- from line to line: SHA-256 over the hash before and the line.
CREATE TABLE archives (
    id         @id,
    name       TEXT NOT NULL UNIQUE,
    bytes      @int NOT NULL CHECK (bytes >= 0),
    row_count  @int NOT NULL CHECK (row_count >= 0),
    hash       TEXT NOT NULL,
    created_at @int NOT NULL,
    changed_at @int NOT NULL
);

-- What seals a person's fields in archives: erasing the person removes it. The row without a person is of rows about nobody.
CREATE TABLE archive_keys (
    id         @id,
    user_id    @int,
    secret     @bytes NOT NULL,
    created_at @int NOT NULL
);
CREATE UNIQUE INDEX archive_keys_once ON archive_keys (coalesce(user_id, 0));

-- The callIds of dispatches that are archived: a request that comes once more opens none anew.
CREATE TABLE archived_dispatches (
    call_id     TEXT NOT NULL PRIMARY KEY,
    dispatch_id @int NOT NULL
);

-- Attempts to call go with the message that they are of.
CREATE INDEX call_logs_by_message ON call_logs (message_id) WHERE message_id IS NOT NULL;
