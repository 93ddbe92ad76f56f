-- Services that may ask about tokens or revoke them.
CREATE TABLE oauth_clients (
    id     uuid PRIMARY KEY,
    name   text NOT NULL UNIQUE,
    record jsonb NOT NULL
);
