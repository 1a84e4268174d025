-- Nonces of changing API calls. The constraint behind "a request is accepted once", whatever else was lost or restarted.
CREATE TABLE api_nonces (
    api_key       TEXT   NOT NULL,
    nonce         TEXT   NOT NULL,
    expires_at_ms BIGINT NOT NULL,
    PRIMARY KEY (api_key, nonce)
);
CREATE INDEX api_nonces_by_expiry ON api_nonces (expires_at_ms);
