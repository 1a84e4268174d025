-- People at the hospital's screens. Attempts are counted before a password is looked at, so that guesses in parallel count too.
CREATE TABLE staff (
    staff_no          TEXT   NOT NULL PRIMARY KEY,
    name              TEXT   NOT NULL,
    roles             TEXT   NOT NULL,
    place             TEXT   NOT NULL,
    active            BIGINT NOT NULL CHECK (active IN (0, 1)),
    password_hash     TEXT   NOT NULL,
    must_change       BIGINT NOT NULL CHECK (must_change IN (0, 1)),
    totp_sealed       BYTEA,
    totp_step         BIGINT NOT NULL DEFAULT 0,
    recovery_sha256   TEXT   NOT NULL DEFAULT '',
    failed_attempts   BIGINT NOT NULL DEFAULT 0,
    locked_until_ms   BIGINT NOT NULL DEFAULT 0,
    last_in_at_ms     BIGINT,
    last_in_from      TEXT,
    created_at_ms     BIGINT NOT NULL,
    created_by        TEXT   NOT NULL,
    version           BIGINT NOT NULL
);

-- A session by the digest of its token: whoever reads the table cannot take one over. It begins when the password was right, and gets
-- another token when the second step is done.
CREATE TABLE staff_sessions (
    token_sha256    TEXT   NOT NULL PRIMARY KEY,
    staff_no        TEXT   NOT NULL REFERENCES staff (staff_no),
    stage           TEXT   NOT NULL CHECK (stage IN ('code', 'password', 'enrol', 'in')),
    proven          BIGINT NOT NULL CHECK (proven IN (0, 1)),
    enrol_sealed    BYTEA,
    next_path       TEXT   NOT NULL,
    address         TEXT   NOT NULL,
    agent           TEXT   NOT NULL,
    begun_at_ms     BIGINT NOT NULL,
    seen_at_ms      BIGINT NOT NULL,
    ended_at_ms     BIGINT,
    ended_because   TEXT
);
CREATE INDEX staff_sessions_of_person ON staff_sessions (staff_no, begun_at_ms);
CREATE INDEX staff_sessions_by_age ON staff_sessions (seen_at_ms);
