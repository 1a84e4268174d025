-- Keyed digests by which a person at the desk finds a patient's payments. Bills from before have none until they are sealed again.
ALTER TABLE bills ADD COLUMN phone_index TEXT;
ALTER TABLE bills ADD COLUMN phone_tail_index TEXT;
ALTER TABLE bills ADD COLUMN name_index TEXT;
CREATE INDEX bills_of_phone ON bills (hospital_id, phone_index, opened_at_ms, bill_no);
CREATE INDEX bills_of_phone_tail ON bills (hospital_id, phone_tail_index, opened_at_ms, bill_no);
CREATE INDEX bills_of_name ON bills (hospital_id, name_index, opened_at_ms, bill_no);
-- The latest payments of a hospital, page by page.
CREATE INDEX bills_by_opened_at ON bills (hospital_id, opened_at_ms, bill_no);
-- What a patient reads out or has on paper: the voucher's number, the code for staff, the provider's number, HIS's receipt.
CREATE INDEX bills_by_ending ON bills (substr(bill_no, length(bill_no) - 7));
CREATE INDEX bills_by_trace ON bills (substr(trace_id, 1, 10));
CREATE INDEX payments_by_their_no ON payments (provider_trade_no);
CREATE INDEX refunds_by_their_no ON refunds (provider_refund_no);
CREATE INDEX write_backs_by_receipt ON write_backs (receipt_no);
