-- Telling HIS: one row a settled bill, which makes the effect unique.
CREATE TABLE write_backs (
    bill_no      TEXT   NOT NULL PRIMARY KEY REFERENCES bills (bill_no),
    out_trade_no TEXT   NOT NULL,
    state        TEXT   NOT NULL CHECK (state IN ('due', 'unknown', 'posted', 'refusal_to_confirm', 'refused')),
    his_order_no TEXT,
    receipt_no   TEXT,
    places       TEXT,
    reason       TEXT,
    due_at_ms    BIGINT NOT NULL,
    posted_at_ms BIGINT,
    version      BIGINT NOT NULL
);
