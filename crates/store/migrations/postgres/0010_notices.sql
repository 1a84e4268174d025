-- What the patient was told, and whether it went out.
CREATE TABLE notices (
    notice_id   TEXT   NOT NULL PRIMARY KEY,
    bill_no     TEXT   NOT NULL REFERENCES bills (bill_no),
    kind        TEXT   NOT NULL,
    medium      TEXT   NOT NULL,
    state       TEXT   NOT NULL CHECK (state IN ('sent', 'failed')),
    provider_no TEXT,
    at_ms       BIGINT NOT NULL
);
CREATE INDEX notices_of_bill ON notices (bill_no);
