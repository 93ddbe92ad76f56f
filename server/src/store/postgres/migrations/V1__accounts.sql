-- Records are JSON and can gain fields without a migration. What is searched, locked or counted is a
-- column. Times are milliseconds since 1970.

CREATE TABLE meta (
    name  text PRIMARY KEY,
    value text NOT NULL
);

CREATE TABLE users (
    id              uuid PRIMARY KEY,
    -- The case-mapped name.
    username_key    text COLLATE "C" NOT NULL UNIQUE,
    -- The same for all spellings of the name.
    fold            text COLLATE "C" NOT NULL,
    is_active_admin boolean NOT NULL,
    record          jsonb NOT NULL
);
CREATE INDEX users_by_fold ON users (fold);
CREATE INDEX active_admins ON users (id) WHERE is_active_admin;

-- What usernames look like.
CREATE TABLE looks (
    look         text COLLATE "C" NOT NULL,
    -- Whether the name has letters beyond ASCII.
    beyond_ascii boolean NOT NULL,
    user_id      uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    PRIMARY KEY (look, beyond_ascii, user_id)
);
CREATE INDEX looks_by_user ON looks (user_id);

-- The addresses a user signed in from, the newest one last.
CREATE TABLE addresses (
    user_id uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    record  jsonb NOT NULL
);

CREATE TABLE sessions (
    id         uuid PRIMARY KEY,
    user_id    uuid NOT NULL REFERENCES users,
    expires_at bigint NOT NULL,
    record     jsonb NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- Sessions that have ended, until their last access token has expired.
CREATE TABLE revoked_sessions (
    id    uuid PRIMARY KEY,
    until bigint NOT NULL
);

CREATE TABLE reset_offers (
    user_id    uuid PRIMARY KEY REFERENCES users,
    maker_id   uuid NOT NULL,
    -- SHA-256.
    token_hash bytea NOT NULL UNIQUE,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL
);
CREATE INDEX reset_offers_by_maker ON reset_offers (maker_id);
