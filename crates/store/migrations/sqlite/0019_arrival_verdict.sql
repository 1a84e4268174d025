-- How the bank's arrival came out by itself: the verdict over all says only the worst of fee, fund flow and bank.
ALTER TABLE run_settlements ADD COLUMN arrival_verdict TEXT NOT NULL DEFAULT 'not_compared';
