-- What one node changes, the others learn from `changes`. See `postgres/changes` in the program.

-- The number of the last change. Whoever takes a number holds this row until the commit, so
-- numbers have no gaps and are in the order of the commits.
CREATE TABLE change_counter (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    number  bigint NOT NULL
) WITH (fillfactor = 10);
INSERT INTO change_counter (number) VALUES (0);

CREATE TABLE changes (
    number bigint PRIMARY KEY,
    -- Random. It tells two changes apart that got the same number, one of which a fail-over lost.
    tag    uuid NOT NULL DEFAULT gen_random_uuid(),
    what   jsonb NOT NULL
);
INSERT INTO changes (number, what) VALUES (0, '{}');

-- The servers that use the database.
CREATE TABLE nodes (
    id       uuid PRIMARY KEY,
    -- The last change that this node has applied; -1 while it joins.
    applied  bigint NOT NULL,
    -- It grows while the node is alive.
    beat     bigint NOT NULL,
    lease_ms bigint NOT NULL
) WITH (fillfactor = 10);
