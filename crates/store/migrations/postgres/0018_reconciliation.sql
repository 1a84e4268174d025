-- Files that a run has read, as they came: by their hash, in pieces, sealed because a statement names payers. A file is there when
-- its row in kept_files is; pieces without that row are left over from a process that died, and are written again.
CREATE TABLE kept_files (
    file_sha256 TEXT   NOT NULL PRIMARY KEY,
    name        TEXT   NOT NULL,
    size_bytes  BIGINT NOT NULL,
    pieces      BIGINT NOT NULL,
    kept_at_ms  BIGINT NOT NULL
);

CREATE TABLE kept_file_pieces (
    file_sha256  TEXT   NOT NULL,
    position     BIGINT NOT NULL,
    piece_sealed BYTEA  NOT NULL,
    PRIMARY KEY (file_sha256, position)
);

-- One comparison of one day. A rerun is another version; what was current becomes superseded and stays readable. A run that is
-- being written is seen by nobody.
CREATE TABLE runs (
    run_id         TEXT   NOT NULL PRIMARY KEY,
    day            TEXT   NOT NULL,
    scope          TEXT   NOT NULL,
    version        BIGINT NOT NULL,
    state          TEXT   NOT NULL CHECK (state IN ('writing', 'current', 'superseded')),
    made_by        TEXT   NOT NULL,
    begun_at_ms    BIGINT NOT NULL,
    finished_at_ms BIGINT NOT NULL,
    rules          TEXT   NOT NULL,
    inputs_sha256  TEXT   NOT NULL,
    result_sha256  TEXT   NOT NULL,
    findings       BIGINT NOT NULL,
    differences    BIGINT NOT NULL,
    trace_id       TEXT   NOT NULL,
    UNIQUE (day, scope, version)
);
CREATE UNIQUE INDEX runs_current ON runs (day, scope) WHERE state = 'current';

CREATE TABLE run_inputs (
    run_id       TEXT   NOT NULL REFERENCES runs (run_id),
    position     BIGINT NOT NULL,
    side         TEXT   NOT NULL,
    kind         TEXT   NOT NULL,
    channel_id   TEXT,
    state        TEXT   NOT NULL CHECK (state IN ('read', 'nothing', 'not_yet', 'refused')),
    name         TEXT   NOT NULL,
    layout       TEXT   NOT NULL,
    file_sha256  TEXT,
    lines        BIGINT NOT NULL,
    paid_fen     BIGINT NOT NULL,
    refunded_fen BIGINT NOT NULL,
    left_out     BIGINT NOT NULL,
    remark       TEXT   NOT NULL,
    PRIMARY KEY (run_id, position)
);

CREATE TABLE run_tallies (
    run_id       TEXT   NOT NULL REFERENCES runs (run_id),
    category     TEXT   NOT NULL,
    side         TEXT   NOT NULL,
    lines        BIGINT NOT NULL,
    paid_fen     BIGINT NOT NULL,
    refunded_fen BIGINT NOT NULL,
    PRIMARY KEY (run_id, category, side)
);

-- Fees and settlement of each merchant account, as the run found them.
CREATE TABLE run_settlements (
    run_id                 TEXT   NOT NULL REFERENCES runs (run_id),
    channel_id             TEXT   NOT NULL,
    bank_account           TEXT   NOT NULL,
    paid_fen               BIGINT NOT NULL,
    refunded_fen           BIGINT NOT NULL,
    fee_milli_fen          BIGINT NOT NULL,
    fee_expected_milli_fen BIGINT,
    fund_flow_net_fen      BIGINT,
    arrived_fen            BIGINT,
    verdict                TEXT   NOT NULL,
    remark_zh              TEXT   NOT NULL,
    remark_en              TEXT   NOT NULL,
    PRIMARY KEY (run_id, channel_id)
);

-- Money on its way to the bank when the day ended: what the next day's bank file has to bring.
CREATE TABLE run_payouts (
    run_id       TEXT   NOT NULL REFERENCES runs (run_id),
    position     BIGINT NOT NULL,
    bank_account TEXT   NOT NULL,
    channel_id   TEXT   NOT NULL,
    paid_out_day TEXT   NOT NULL,
    due_day      TEXT   NOT NULL,
    amount_fen   BIGINT NOT NULL,
    PRIMARY KEY (run_id, position)
);

-- Everything that is not plainly matched. The key is made of the lines alone: the same difference found again, by a rerun or as a
-- carried one on a later day, has it too, and what was ordered for it is not forgotten.
CREATE TABLE run_findings (
    run_id        TEXT   NOT NULL REFERENCES runs (run_id),
    position      BIGINT NOT NULL,
    finding_key   TEXT   NOT NULL,
    category      TEXT   NOT NULL,
    order_no      TEXT   NOT NULL,
    channel_id    TEXT,
    settled       BIGINT NOT NULL,
    carries       BIGINT NOT NULL,
    carried_in    BIGINT NOT NULL,
    since_day     TEXT   NOT NULL,
    deadline      TEXT,
    channel_fen   BIGINT,
    gateway_fen   BIGINT,
    his_fen       BIGINT,
    cause         TEXT   NOT NULL,
    certain       BIGINT NOT NULL,
    evidence      TEXT   NOT NULL,
    owner         TEXT   NOT NULL,
    remedies      TEXT   NOT NULL,
    PRIMARY KEY (run_id, position)
);
CREATE INDEX run_findings_of_category ON run_findings (run_id, category, position);
CREATE INDEX run_findings_of_key ON run_findings (finding_key);
CREATE INDEX run_findings_of_order ON run_findings (order_no);

CREATE TABLE run_finding_lines (
    run_id      TEXT   NOT NULL,
    position    BIGINT NOT NULL,
    line        BIGINT NOT NULL,
    side        TEXT   NOT NULL,
    kind        TEXT   NOT NULL,
    refund_no   TEXT   NOT NULL,
    amount_fen  BIGINT NOT NULL,
    day         TEXT   NOT NULL,
    state       TEXT   NOT NULL,
    account     TEXT   NOT NULL,
    carried     BIGINT NOT NULL,
    input       BIGINT NOT NULL,
    file_line   BIGINT NOT NULL,
    provider_no TEXT   NOT NULL,
    at_text     TEXT   NOT NULL,
    PRIMARY KEY (run_id, position, line)
);

-- What a later day's run made of a difference that was carried into it: settled, or become another difference there.
CREATE TABLE run_clearings (
    run_id      TEXT   NOT NULL REFERENCES runs (run_id),
    finding_key TEXT   NOT NULL,
    settled     BIGINT NOT NULL,
    PRIMARY KEY (run_id, finding_key)
);
CREATE INDEX run_clearings_of_key ON run_clearings (finding_key);

-- A signed day is frozen: its row is its lock, and holds the audit chain's end at that moment.
CREATE TABLE day_sign_offs (
    day          TEXT   NOT NULL,
    scope        TEXT   NOT NULL,
    run_id       TEXT   NOT NULL REFERENCES runs (run_id),
    signed_by    TEXT   NOT NULL,
    signed_at_ms BIGINT NOT NULL,
    remark       TEXT   NOT NULL,
    chain_seq    BIGINT NOT NULL,
    chain_hash   TEXT   NOT NULL,
    PRIMARY KEY (day, scope)
);

-- What a person ordered for a difference, and what became of it. Of those that settle it there is one at a time.
CREATE TABLE remedies (
    remedy_id     TEXT   NOT NULL PRIMARY KEY,
    finding_key   TEXT   NOT NULL,
    run_id        TEXT   NOT NULL,
    day           TEXT   NOT NULL,
    order_no      TEXT   NOT NULL,
    remedy        TEXT   NOT NULL,
    settles       BIGINT NOT NULL,
    amount_fen    BIGINT NOT NULL,
    reason        TEXT   NOT NULL,
    preview       TEXT   NOT NULL,
    state         TEXT   NOT NULL CHECK (state IN ('waiting', 'done', 'declined')),
    asked_by      TEXT   NOT NULL,
    asked_at_ms   BIGINT NOT NULL,
    decided_by    TEXT,
    decided_at_ms BIGINT,
    outcome       TEXT   NOT NULL,
    version       BIGINT NOT NULL
);
CREATE UNIQUE INDEX remedies_settling ON remedies (finding_key) WHERE settles = 1 AND state <> 'declined';
CREATE INDEX remedies_of_key ON remedies (finding_key, asked_at_ms);
CREATE INDEX remedies_waiting ON remedies (state, asked_at_ms);

-- A day's refunds are read in the order in which they left us: it is the day on which a provider counts them.
CREATE INDEX refunds_by_sent_at ON refunds (sent_at_ms, out_refund_no);

-- What a person paid by hand is in no statement; those few are left out of every run.
CREATE INDEX refunds_by_hand ON refunds (refunded_at_ms) WHERE provider_refund_no = 'BY-HAND';
