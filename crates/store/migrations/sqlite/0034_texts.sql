-- What text messages say, one row a wording that was ever proposed. The code is that of the operator's approved template. As with limits, a
-- version that took effect is never changed.
CREATE TABLE notice_templates (
    proposal_no    TEXT   NOT NULL PRIMARY KEY,
    event          TEXT   NOT NULL CHECK (event IN ('paid', 'refunded', 'refund_delayed')),
    language       TEXT   NOT NULL CHECK (language IN ('zh-CN', 'en')),
    version        BIGINT CHECK (version > 0),
    based_on       BIGINT NOT NULL,
    state          TEXT   NOT NULL CHECK (state IN ('waiting', 'in_force', 'declined', 'withdrawn')),
    code           TEXT   NOT NULL,
    body           TEXT   NOT NULL,
    reason         TEXT   NOT NULL,
    why_not        TEXT,
    asked_by       TEXT   NOT NULL,
    asked_at_ms    BIGINT NOT NULL,
    decided_by     TEXT,
    decided_at_ms  BIGINT,
    in_force_at_ms BIGINT,
    row_version    BIGINT NOT NULL,
    UNIQUE (event, language, version),
    CHECK ((state = 'in_force') = (version IS NOT NULL)),
    CHECK ((version IS NULL) = (in_force_at_ms IS NULL))
);
CREATE INDEX notice_templates_by_state ON notice_templates (state, asked_at_ms, proposal_no);

-- The hospital as its pages and papers name it; the newest row holds, and without one the configuration does.
CREATE TABLE hospital_details (
    version       BIGINT NOT NULL PRIMARY KEY,
    name_zh       TEXT   NOT NULL,
    name_en       TEXT   NOT NULL,
    help_phone    TEXT   NOT NULL,
    changed_by    TEXT   NOT NULL,
    changed_at_ms BIGINT NOT NULL
);

-- Campuses (院区) of the one hospital of this installation, as receipts name them.
CREATE TABLE campuses (
    code        TEXT   NOT NULL PRIMARY KEY,
    name_zh     TEXT   NOT NULL,
    name_en     TEXT   NOT NULL,
    address     TEXT   NOT NULL,
    phone       TEXT   NOT NULL,
    active      BIGINT NOT NULL CHECK (active IN (0, 1)),
    row_version BIGINT NOT NULL
);

-- Where somebody works. Who is not here belongs to no campus.
CREATE TABLE staff_campuses (
    staff_no    TEXT NOT NULL PRIMARY KEY REFERENCES staff (staff_no),
    campus_code TEXT NOT NULL REFERENCES campuses (code)
);
