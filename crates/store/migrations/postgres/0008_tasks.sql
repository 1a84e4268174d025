-- What is still to be done, claimed by a lease; and leases for work that only one process may do.
CREATE TABLE tasks (
    task_id         TEXT   NOT NULL PRIMARY KEY,
    kind            TEXT   NOT NULL,
    subject         TEXT   NOT NULL,
    state           TEXT   NOT NULL CHECK (state IN ('ready', 'done', 'parked')),
    due_at_ms       BIGINT NOT NULL,
    leased_until_ms BIGINT NOT NULL DEFAULT 0,
    lease_owner     TEXT,
    attempts        BIGINT NOT NULL DEFAULT 0,
    last_error      TEXT,
    created_at_ms   BIGINT NOT NULL,
    finished_at_ms  BIGINT,
    trace_id        TEXT   NOT NULL,
    UNIQUE (subject, kind)
);
CREATE INDEX tasks_due ON tasks (state, due_at_ms);

CREATE TABLE leases (
    name     TEXT   NOT NULL PRIMARY KEY,
    owner    TEXT   NOT NULL,
    until_ms BIGINT NOT NULL
);
