-- Answers under an idempotency key, so that a repeated request gets the first answer again.
CREATE TABLE api_answers (
    api_key         TEXT   NOT NULL,
    idempotency_key TEXT   NOT NULL,
    request_hash    TEXT   NOT NULL,
    status          BIGINT,
    body            TEXT,
    created_at_ms   BIGINT NOT NULL,
    PRIMARY KEY (api_key, idempotency_key)
);
CREATE INDEX api_answers_by_age ON api_answers (created_at_ms);
