-- What somebody asked for in a shift, on any channel.
CREATE INDEX refunds_by_person ON refunds (requested_by, requested_at_ms, out_refund_no);
