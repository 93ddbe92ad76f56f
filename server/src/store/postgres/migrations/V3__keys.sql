-- Which database this is. Sealed keys can't be moved to another one.
INSERT INTO meta (name, value) VALUES ('database', gen_random_uuid()::text);

-- The signing keys and the key of refresh tokens, sealed with the operator's master key.
CREATE TABLE sealed_keys (
    is_only_row boolean PRIMARY KEY DEFAULT true CHECK (is_only_row),
    -- It grows whenever the keys are replaced.
    version     bigint NOT NULL,
    -- NULL until a server has made keys, and after an operator has given them up.
    sealed      bytea
);
INSERT INTO sealed_keys (version) VALUES (0);
