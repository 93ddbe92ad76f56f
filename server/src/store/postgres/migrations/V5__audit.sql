-- The audit log. Ids are in the order of time.
CREATE TABLE audit (
    id       uuid PRIMARY KEY,
    -- Whose address the record holds.
    owner_id uuid,
    user_id  uuid,
    by_id    uuid,
    event    text COLLATE "C" NOT NULL,
    -- What the record takes, by estimate.
    bytes    bigint NOT NULL,
    record   jsonb NOT NULL
);
CREATE INDEX audit_by_owner ON audit (owner_id) WHERE owner_id IS NOT NULL;
CREATE INDEX audit_by_user ON audit (user_id, id) WHERE user_id IS NOT NULL;
CREATE INDEX audit_by_admin ON audit (by_id, id) WHERE by_id IS NOT NULL;

-- What all records take.
CREATE TABLE audit_size (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    bytes   bigint NOT NULL
);
INSERT INTO audit_size (bytes) VALUES (0);
