-- Who works on a difference and until when. By its key, which is made of its lines alone: a rerun that finds it again finds who works
-- on it, too.
CREATE TABLE finding_handling (
    finding_key   TEXT   NOT NULL PRIMARY KEY,
    assigned_to   TEXT,
    deadline      TEXT,
    changed_by    TEXT   NOT NULL,
    changed_at_ms BIGINT NOT NULL,
    version       BIGINT NOT NULL
);
CREATE INDEX finding_handling_of_person ON finding_handling (assigned_to) WHERE assigned_to IS NOT NULL;

-- What people wrote about it. Sealed: whatever the page asks for, somebody will write a name.
CREATE TABLE finding_notes (
    note_id     TEXT   NOT NULL PRIMARY KEY,
    finding_key TEXT   NOT NULL,
    at_ms       BIGINT NOT NULL,
    written_by  TEXT   NOT NULL,
    text_sealed BLOB   NOT NULL
);
CREATE INDEX finding_notes_of_key ON finding_notes (finding_key, at_ms, note_id);

-- Files that belong to it; their bytes are kept files. The same file once.
CREATE TABLE finding_files (
    file_id     TEXT   NOT NULL PRIMARY KEY,
    finding_key TEXT   NOT NULL,
    file_sha256 TEXT   NOT NULL REFERENCES kept_files (file_sha256),
    name        TEXT   NOT NULL,
    media_type  TEXT   NOT NULL,
    size_bytes  BIGINT NOT NULL,
    at_ms       BIGINT NOT NULL,
    brought_by  TEXT   NOT NULL,
    UNIQUE (finding_key, file_sha256)
);
CREATE INDEX finding_files_of_key ON finding_files (finding_key, at_ms, file_id);
