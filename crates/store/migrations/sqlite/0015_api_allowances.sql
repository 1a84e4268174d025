-- What an API key has refunded on a day. Counted here, so that no two requests can use the same allowance.
CREATE TABLE api_allowances (
    api_key   TEXT   NOT NULL,
    day       TEXT   NOT NULL,
    spent_fen BIGINT NOT NULL CHECK (spent_fen >= 0),
    PRIMARY KEY (api_key, day)
);
