-- What the dashboard shows, counted ahead: for each ten minutes of a day (slot 0 to 143) how many and how much, by one thing at a time.
-- Nothing here is a record of its own: every row can be counted again from payments, bills, write-backs and refunds.
CREATE TABLE takings (
    dimension TEXT   NOT NULL,
    day       BIGINT NOT NULL,
    slot      BIGINT NOT NULL CHECK (slot >= 0 AND slot < 144),
    member    TEXT   NOT NULL,
    number    BIGINT NOT NULL,
    fen       BIGINT NOT NULL,
    PRIMARY KEY (dimension, day, slot, member)
);
CREATE INDEX takings_of_slot ON takings (day, slot);

-- Slots in which something has changed since they were counted. A row a change, written with the change: writers never wait for
-- each other, and whoever counts takes away the rows that it saw and no others.
CREATE TABLE takings_marks (
    mark_id TEXT   NOT NULL PRIMARY KEY,
    day     BIGINT NOT NULL,
    slot    BIGINT NOT NULL
);
CREATE INDEX takings_marks_of_slot ON takings_marks (day, slot);

-- How far back the history is counted. The version lets one of two that count at the same moment write.
CREATE TABLE takings_progress (
    name        TEXT   NOT NULL PRIMARY KEY,
    version     BIGINT NOT NULL,
    begins_day  BIGINT NOT NULL,
    back_to_day BIGINT NOT NULL,
    back_slot   BIGINT NOT NULL,
    healed_day  BIGINT NOT NULL
);

-- Refunds are counted when the money was at the payer.
CREATE INDEX refunds_by_refunded_at ON refunds (refunded_at_ms, out_refund_no);
-- What somebody may still have to act on, whatever the day.
CREATE INDEX run_findings_unsettled ON run_findings (run_id) WHERE settled = 0 AND carried_in = 0;
