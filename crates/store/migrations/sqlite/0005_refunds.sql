-- Money back. The request key makes a repeated request the same refund.
CREATE TABLE refunds (
    out_refund_no      TEXT   NOT NULL PRIMARY KEY,
    out_trade_no       TEXT   NOT NULL REFERENCES payments (out_trade_no),
    bill_no            TEXT   NOT NULL,
    amount_fen         BIGINT NOT NULL CHECK (amount_fen > 0),
    origin             TEXT   NOT NULL,
    reason             TEXT   NOT NULL,
    requested_by       TEXT   NOT NULL,
    request_key        TEXT   UNIQUE,
    state              TEXT   NOT NULL CHECK (state IN ('due', 'unknown', 'processing', 'succeeded', 'abnormal', 'failed')),
    provider_refund_no TEXT,
    refunded_at_ms     BIGINT,
    failure            TEXT,
    his_state          TEXT   NOT NULL CHECK (his_state IN ('none', 'due', 'unknown', 'posted', 'refused')),
    his_refund_no      TEXT,
    trace_id           TEXT   NOT NULL,
    requested_at_ms    BIGINT NOT NULL,
    version            BIGINT NOT NULL
);
CREATE INDEX refunds_of_payment ON refunds (out_trade_no);
CREATE INDEX refunds_of_bill ON refunds (bill_no);
