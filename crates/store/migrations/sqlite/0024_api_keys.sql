-- Keys of the signed API that were made at the screens. Those of the configuration file are not here. The secret is needed to check a
-- signature, so it is kept sealed, and shown once.
CREATE TABLE api_keys (
    key_id                 TEXT   NOT NULL PRIMARY KEY,
    label                  TEXT   NOT NULL,
    secret_sealed          BLOB   NOT NULL,
    rights                 TEXT   NOT NULL,
    per_minute             BIGINT NOT NULL CHECK (per_minute > 0),
    max_refund_fen         BIGINT NOT NULL CHECK (max_refund_fen >= 0),
    max_refund_per_day_fen BIGINT NOT NULL CHECK (max_refund_per_day_fen >= 0),
    created_at_ms          BIGINT NOT NULL,
    created_by             TEXT   NOT NULL,
    expires_at_ms          BIGINT,
    revoked_at_ms          BIGINT,
    revoked_by             TEXT,
    used_at_ms             BIGINT
);
