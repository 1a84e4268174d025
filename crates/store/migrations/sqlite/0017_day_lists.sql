-- A day's payments and refunds are listed page by page, in this order.
CREATE INDEX payments_by_paid_at ON payments (paid_at_ms, out_trade_no);
CREATE INDEX refunds_by_requested_at ON refunds (requested_at_ms, out_refund_no);
