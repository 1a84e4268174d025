-- One order at one channel. The refund hold is counted here, so that no two refunds can promise the same fen.
CREATE TABLE payments (
    out_trade_no      TEXT   NOT NULL PRIMARY KEY,
    bill_no           TEXT   NOT NULL REFERENCES bills (bill_no),
    channel_id        TEXT   NOT NULL,
    scene             TEXT   NOT NULL,
    payer_sealed      BLOB,
    client_ip         TEXT,
    amount_fen        BIGINT NOT NULL CHECK (amount_fen > 0),
    subject           TEXT   NOT NULL,
    state             TEXT   NOT NULL CHECK (state IN ('opening', 'waiting', 'paid', 'suspense', 'closed')),
    handle            TEXT,
    handle_until_ms   BIGINT,
    provider_trade_no TEXT,
    received_fen      BIGINT CHECK (received_fen > 0),
    paid_at_ms        BIGINT,
    state_reason      TEXT,
    refund_held_fen   BIGINT NOT NULL DEFAULT 0,
    created_at_ms     BIGINT NOT NULL,
    expires_at_ms     BIGINT NOT NULL,
    trace_id          TEXT   NOT NULL,
    version           BIGINT NOT NULL,
    CHECK (refund_held_fen >= 0 AND (received_fen IS NULL OR refund_held_fen <= received_fen)),
    CHECK ((state IN ('paid', 'suspense')) = (received_fen IS NOT NULL))
);
CREATE INDEX payments_of_bill ON payments (bill_no);
CREATE INDEX payments_by_provider_no ON payments (channel_id, provider_trade_no);
CREATE INDEX payments_by_expiry ON payments (state, expires_at_ms);
