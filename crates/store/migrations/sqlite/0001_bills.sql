-- What a patient pays at once, the slips it covers, and the claim that lets one slip be on one live bill only.
CREATE TABLE bills (
    bill_no        TEXT   NOT NULL PRIMARY KEY,
    view_ref       TEXT   NOT NULL UNIQUE,
    hospital_id    TEXT   NOT NULL,
    state          TEXT   NOT NULL CHECK (state IN ('open', 'settled', 'released')),
    settled_by     TEXT,
    pooled_fen     BIGINT NOT NULL CHECK (pooled_fen >= 0),
    account_fen    BIGINT NOT NULL CHECK (account_fen >= 0),
    self_pay_fen   BIGINT NOT NULL CHECK (self_pay_fen >= 0),
    total_fen      BIGINT NOT NULL,
    lock_token     TEXT,
    patient_sealed BLOB   NOT NULL,
    phone_sealed   BLOB,
    card_index     TEXT   NOT NULL,
    language       TEXT   NOT NULL,
    opened_at_ms   BIGINT NOT NULL,
    pay_until_ms   BIGINT NOT NULL,
    trace_id       TEXT   NOT NULL,
    version        BIGINT NOT NULL,
    CHECK (pooled_fen + account_fen + self_pay_fen = total_fen),
    CHECK ((state = 'settled') = (settled_by IS NOT NULL))
);
CREATE INDEX bills_of_card ON bills (hospital_id, card_index, opened_at_ms);

CREATE TABLE bill_slips (
    bill_no      TEXT   NOT NULL REFERENCES bills (bill_no),
    position     BIGINT NOT NULL,
    hospital_id  TEXT   NOT NULL,
    slip_no      TEXT   NOT NULL,
    kind         TEXT   NOT NULL,
    title        TEXT   NOT NULL,
    department   TEXT   NOT NULL,
    total_fen    BIGINT NOT NULL,
    self_pay_fen BIGINT NOT NULL,
    PRIMARY KEY (bill_no, position)
);
CREATE INDEX bills_of_slip ON bill_slips (hospital_id, slip_no);

-- The constraint behind "exactly one write-back a slip". A row is deleted when its bill is released.
CREATE TABLE slip_claims (
    hospital_id TEXT NOT NULL,
    slip_no     TEXT NOT NULL,
    bill_no     TEXT NOT NULL,
    PRIMARY KEY (hospital_id, slip_no)
);
CREATE INDEX slip_claims_of_bill ON slip_claims (bill_no);
