-- The books: append-only, and nothing is booked twice for one reason and subject.
CREATE TABLE journal_entries (
    entry_id TEXT   NOT NULL PRIMARY KEY,
    reason   TEXT   NOT NULL,
    subject  TEXT   NOT NULL,
    at_ms    BIGINT NOT NULL,
    UNIQUE (subject, reason)
);

CREATE TABLE journal_postings (
    entry_id TEXT   NOT NULL REFERENCES journal_entries (entry_id),
    line     BIGINT NOT NULL,
    account  TEXT   NOT NULL,
    fen      BIGINT NOT NULL,
    PRIMARY KEY (entry_id, line)
);
CREATE INDEX journal_postings_of_account ON journal_postings (account);
