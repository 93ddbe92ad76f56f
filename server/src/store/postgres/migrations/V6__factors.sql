-- Users have factors in their records, which an earlier version would drop.

-- How often somebody tried to answer a challenge.
CREATE TABLE challenges (
    id         uuid PRIMARY KEY,
    -- 2^32 - 1 once it was answered.
    answers    bigint NOT NULL,
    expires_at bigint NOT NULL
);
CREATE INDEX challenges_by_expiry ON challenges (expires_at);
