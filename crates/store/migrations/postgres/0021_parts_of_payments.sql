-- What insurance bears of a payment's bill, and whether that is for deposits alone (1) or for none (0). Said once, when the payment is
-- opened: a day of a million payments is read without looking for a million bills. Payments from before say nothing.
ALTER TABLE payments ADD COLUMN insurance_fen BIGINT;
ALTER TABLE payments ADD COLUMN deposit BIGINT;
