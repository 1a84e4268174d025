-- Limits and risk rules: sets of ten numbers. One that took effect has a version and is never changed again, but for who confirmed it; two
-- that take effect at the same moment want the same version, and one of them fails.
CREATE TABLE rule_sets (
    proposal_no         TEXT   NOT NULL PRIMARY KEY,
    version             BIGINT UNIQUE CHECK (version > 0),
    based_on            BIGINT NOT NULL,
    state               TEXT   NOT NULL CHECK (state IN ('waiting', 'unconfirmed', 'in_force', 'declined', 'withdrawn')),
    max_payment_fen     BIGINT NOT NULL,
    payer_hour_payments BIGINT NOT NULL,
    payer_hour_fen      BIGINT NOT NULL,
    payer_day_payments  BIGINT NOT NULL,
    payer_day_fen       BIGINT NOT NULL,
    card_hour_payments  BIGINT NOT NULL,
    card_hour_fen       BIGINT NOT NULL,
    card_day_payments   BIGINT NOT NULL,
    card_day_fen        BIGINT NOT NULL,
    refund_alone_fen    BIGINT NOT NULL,
    reason              TEXT   NOT NULL,
    trial               TEXT   NOT NULL,
    why_not             TEXT,
    asked_by            TEXT   NOT NULL,
    asked_at_ms         BIGINT NOT NULL,
    decided_by          TEXT,
    decided_at_ms       BIGINT,
    in_force_at_ms      BIGINT,
    row_version         BIGINT NOT NULL,
    CHECK ((state IN ('unconfirmed', 'in_force')) = (version IS NOT NULL)),
    CHECK ((version IS NULL) = (in_force_at_ms IS NULL))
);
CREATE INDEX rule_sets_by_state ON rule_sets (state, asked_at_ms, proposal_no);

-- Who opened what lately, by keyed digests: counted whenever a payment is opened, and forgotten after eight days.
CREATE TABLE velocity (
    whose         TEXT   NOT NULL CHECK (whose IN ('payer', 'card')),
    subject_index TEXT   NOT NULL,
    at_ms         BIGINT NOT NULL,
    out_trade_no  TEXT   NOT NULL,
    amount_fen    BIGINT NOT NULL,
    PRIMARY KEY (whose, subject_index, at_ms, out_trade_no)
);
CREATE INDEX velocity_by_time ON velocity (at_ms, amount_fen);

-- Where two who open payments for the same payer or card at the same moment wait for each other.
CREATE TABLE velocity_turns (
    whose         TEXT   NOT NULL,
    subject_index TEXT   NOT NULL,
    at_ms         BIGINT NOT NULL,
    PRIMARY KEY (whose, subject_index)
);
CREATE INDEX velocity_turns_by_time ON velocity_turns (at_ms);

-- Payments that were refused by a rule or by the blocklist; a row a minute for one payer or card, however often they press.
CREATE TABLE risk_events (
    event_id      TEXT   NOT NULL PRIMARY KEY,
    minute        BIGINT NOT NULL,
    rule          TEXT   NOT NULL,
    rules_version BIGINT NOT NULL,
    subject_index TEXT   NOT NULL,
    amount_fen    BIGINT NOT NULL,
    times         BIGINT NOT NULL,
    UNIQUE (minute, rule, subject_index)
);

-- Cards, payers and phones that may not pay by phone. The value is sealed; the digest finds it. One entry at a time for each.
CREATE TABLE blocklist (
    block_no      TEXT   NOT NULL PRIMARY KEY,
    kind          TEXT   NOT NULL CHECK (kind IN ('card', 'payer', 'phone')),
    subject_index TEXT   NOT NULL,
    value_sealed  BYTEA   NOT NULL,
    reason        TEXT   NOT NULL,
    until_ms      BIGINT,
    added_by      TEXT   NOT NULL,
    added_at_ms   BIGINT NOT NULL,
    lifted_by     TEXT,
    lifted_at_ms  BIGINT,
    lifted_reason TEXT,
    CHECK ((lifted_at_ms IS NULL) = (lifted_by IS NULL))
);
CREATE UNIQUE INDEX blocklist_of_subject ON blocklist (kind, subject_index) WHERE lifted_at_ms IS NULL;
CREATE INDEX blocklist_by_time ON blocklist (added_at_ms, block_no);

-- What was paid for cards in the last eight days counts from the first moment on. Payers are known from now on.
INSERT INTO velocity (whose, subject_index, at_ms, out_trade_no, amount_fen)
SELECT 'card', bills.card_index, payments.created_at_ms, payments.out_trade_no, payments.amount_fen
FROM payments
JOIN bills ON bills.bill_no = payments.bill_no
WHERE bills.card_index <> ''
    AND payments.created_at_ms > (SELECT MAX(latest.created_at_ms) - 691200000 FROM payments AS latest);
