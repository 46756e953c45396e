-- Several nodes on one database: whose turn it is to write, who is there, who does which part of the work. What stands here is
-- about processes, not about people: it is not exported. One node alone, as on SQLite, never touches it.

-- The row that a transaction which writes changes first, so that such transactions follow each other; and where the one before
-- left what every writer goes on from: ids, events, the audit trail. `map` counts changes of nodes and shards, `memory` those of
-- what is paused.
CREATE TABLE cluster (
    id         @id,
    turn       @int NOT NULL,
    node       @int NOT NULL,
    last_node  @int NOT NULL,
    last_id    @int NOT NULL,
    last_event @int NOT NULL,
    chain_seq  @int NOT NULL,
    chain_hash TEXT NOT NULL,
    map        @int NOT NULL,
    memory     @int NOT NULL
);
INSERT INTO cluster (id, turn, node, last_node, last_id, last_event, chain_seq, chain_hash, map, memory)
VALUES (1, 0, 0, 0, 0, 0, 0, '', 0, 0);

-- Whoever is here has a lease, in the time of the database. Numbers are never given again.
CREATE TABLE nodes (
    id          @id,
    address     TEXT NOT NULL,
    version     TEXT NOT NULL,
    started_at  @int NOT NULL,
    lease_until @int NOT NULL,
    leaving     @int NOT NULL -- 1 for one that only waits for what is under way.
);

-- Shard 0 is whatever goes out; the others share the timers. Node 0 is nobody.
CREATE TABLE node_shards (
    shard @id,
    node  @int NOT NULL
);
WITH RECURSIVE numbers(number) AS (SELECT 0 UNION ALL SELECT number + 1 FROM numbers WHERE number < 63)
INSERT INTO node_shards (shard, node) SELECT number, 0 FROM numbers;
