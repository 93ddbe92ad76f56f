-- Failed attempts on accounts, counted by all servers together. Keys are keyed hashes.

CREATE TABLE failures_key (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    key     bytea NOT NULL
);

-- Failures in a row.
CREATE TABLE account_failures (
    account  bytea PRIMARY KEY,
    in_a_row bigint NOT NULL,
    -- When the last one was.
    last_at  bigint NOT NULL
);
CREATE INDEX account_failures_by_time ON account_failures (last_at);

-- Failures on an account from one address.
CREATE TABLE address_failures (
    bucket       bytea PRIMARY KEY,
    -- When they are all forgotten.
    forgotten_at bigint NOT NULL
);
CREATE INDEX address_failures_by_time ON address_failures (forgotten_at);
