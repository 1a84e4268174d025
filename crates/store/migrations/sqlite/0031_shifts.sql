-- A cashier's till from the float to the handing in. Who takes money has one open shift; what was closed is never changed, and whatever
-- comes after it belongs to another one: money moves in a shift by an update that finds it open, or not at all.
CREATE TABLE shifts (
    shift_no          TEXT   NOT NULL PRIMARY KEY,
    cashier           TEXT   NOT NULL,
    place             TEXT   NOT NULL,
    state             TEXT   NOT NULL CHECK (state IN ('open', 'counted', 'closed', 'handed_over')),
    float_fen         BIGINT NOT NULL CHECK (float_fen >= 0),
    opened_at_ms      BIGINT NOT NULL,
    pieces            TEXT,
    counted_by        TEXT,
    counted_at_ms     BIGINT,
    taken_number      BIGINT,
    taken_fen         BIGINT,
    back_number       BIGINT,
    back_fen          BIGINT,
    difference_fen    BIGINT,
    difference_reason TEXT,
    difference_note   TEXT,
    handed_in_fen     BIGINT,
    receiver          TEXT,
    let_go            TEXT,
    left_open         TEXT,
    closed_by         TEXT,
    closed_at_ms      BIGINT,
    received_by       TEXT,
    received_at_ms    BIGINT,
    version           BIGINT NOT NULL,
    CHECK ((state = 'open') = (pieces IS NULL)),
    CHECK ((pieces IS NULL) = (counted_by IS NULL) AND (pieces IS NULL) = (counted_at_ms IS NULL)),
    CHECK ((state IN ('closed', 'handed_over')) = (closed_at_ms IS NOT NULL)),
    CHECK ((closed_at_ms IS NULL) = (closed_by IS NULL) AND (closed_at_ms IS NULL) = (left_open IS NULL)),
    CHECK ((closed_at_ms IS NULL) = (taken_fen IS NULL) AND (closed_at_ms IS NULL) = (taken_number IS NULL)),
    CHECK ((closed_at_ms IS NULL) = (back_fen IS NULL) AND (closed_at_ms IS NULL) = (back_number IS NULL)),
    CHECK ((closed_at_ms IS NULL) = (difference_fen IS NULL) AND (closed_at_ms IS NULL) = (handed_in_fen IS NULL)),
    CHECK (COALESCE(difference_fen, 0) = 0 OR (difference_reason IS NOT NULL AND difference_note IS NOT NULL)),
    CHECK ((state = 'handed_over') = (received_at_ms IS NOT NULL)),
    CHECK ((received_at_ms IS NULL) = (received_by IS NULL))
);
CREATE UNIQUE INDEX shifts_open ON shifts (cashier) WHERE state IN ('open', 'counted');
CREATE INDEX shifts_of_cashier ON shifts (cashier, opened_at_ms, shift_no);
CREATE INDEX shifts_by_opened_at ON shifts (opened_at_ms, shift_no);
CREATE INDEX shifts_by_state ON shifts (state);

-- What is taken at the window: first an order that holds the slips, then a person's word that the money is there. The form's key makes a
-- form that is sent twice one order; a slip of a card terminal pays once.
CREATE TABLE window_orders (
    out_trade_no TEXT   NOT NULL PRIMARY KEY REFERENCES payments (out_trade_no),
    form_key     TEXT   NOT NULL UNIQUE,
    method       TEXT   NOT NULL CHECK (method IN ('cash', 'pos')),
    cashier      TEXT   NOT NULL,
    opened_at_ms BIGINT NOT NULL,
    shift_no     TEXT   REFERENCES shifts (shift_no),
    taken_at_ms  BIGINT,
    tendered_fen BIGINT,
    terminal     TEXT,
    reference    TEXT,
    CHECK ((taken_at_ms IS NULL) = (shift_no IS NULL)),
    CHECK ((taken_at_ms IS NOT NULL AND method = 'cash') = (tendered_fen IS NOT NULL)),
    CHECK ((taken_at_ms IS NOT NULL AND method = 'pos') = (reference IS NOT NULL)),
    CHECK ((terminal IS NULL) = (reference IS NULL))
);
CREATE UNIQUE INDEX window_orders_by_reference ON window_orders (reference, terminal);
CREATE INDEX window_orders_of_shift ON window_orders (shift_no);
CREATE INDEX window_orders_untaken ON window_orders (cashier, opened_at_ms) WHERE taken_at_ms IS NULL;
CREATE INDEX window_orders_by_taken_at ON window_orders (taken_at_ms, out_trade_no);

-- What was given back over the counter: a person's word, too, and the terminal's own slip where it went back to a card.
CREATE TABLE window_refunds (
    out_refund_no TEXT   NOT NULL PRIMARY KEY REFERENCES refunds (out_refund_no),
    method        TEXT   NOT NULL CHECK (method IN ('cash', 'pos')),
    cashier       TEXT   NOT NULL,
    shift_no      TEXT   NOT NULL REFERENCES shifts (shift_no),
    given_at_ms   BIGINT NOT NULL,
    terminal      TEXT,
    reference     TEXT,
    CHECK ((method = 'pos') = (reference IS NOT NULL)),
    CHECK ((terminal IS NULL) = (reference IS NULL))
);
CREATE UNIQUE INDEX window_refunds_by_reference ON window_refunds (reference, terminal);
CREATE INDEX window_refunds_of_shift ON window_refunds (shift_no);
CREATE INDEX window_refunds_by_given_at ON window_refunds (given_at_ms, out_refund_no);
