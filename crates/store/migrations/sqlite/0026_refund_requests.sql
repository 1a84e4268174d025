-- Refunds that need a second person. What is asked for is kept once, whatever is pressed how often; the version decides between two
-- who press at once.
CREATE TABLE refund_requests (
    request_no    TEXT   NOT NULL PRIMARY KEY,
    request_key   TEXT   NOT NULL UNIQUE,
    bill_no       TEXT   NOT NULL,
    out_trade_no  TEXT   NOT NULL,
    slip_no       TEXT,
    amount_fen    BIGINT NOT NULL CHECK (amount_fen > 0),
    reason        TEXT   NOT NULL,
    state         TEXT   NOT NULL CHECK (state IN ('waiting', 'approved', 'carried_out', 'refused', 'declined', 'withdrawn')),
    out_refund_no TEXT,
    why_not       TEXT,
    asked_by      TEXT   NOT NULL,
    asked_at_ms   BIGINT NOT NULL,
    decided_by    TEXT,
    decided_at_ms BIGINT,
    trace_id      TEXT   NOT NULL,
    version       BIGINT NOT NULL,
    CHECK ((state = 'carried_out') = (out_refund_no IS NOT NULL))
);
CREATE INDEX refund_requests_of_bill ON refund_requests (bill_no, asked_at_ms);
CREATE INDEX refund_requests_by_state ON refund_requests (state, asked_at_ms, request_no);
-- Lists of refunds by how they stand, the latest first.
CREATE INDEX refunds_by_state ON refunds (state, requested_at_ms, out_refund_no);
