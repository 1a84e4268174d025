-- Files that somebody brought for a day, where a channel or HIS gave none or a damaged one. channel_id is empty for HIS. The latest
-- counts; the audit trail has the others.
CREATE TABLE brought_files (
    day           TEXT   NOT NULL,
    kind          TEXT   NOT NULL,
    channel_id    TEXT   NOT NULL,
    file_sha256   TEXT   NOT NULL REFERENCES kept_files (file_sha256),
    name          TEXT   NOT NULL,
    brought_by    TEXT   NOT NULL,
    brought_at_ms BIGINT NOT NULL,
    PRIMARY KEY (day, kind, channel_id)
);

-- Who asked for a day to be compared, and how that ended. The day's task does it.
CREATE TABLE run_requests (
    day         TEXT   NOT NULL PRIMARY KEY,
    asked_by    TEXT   NOT NULL,
    asked_at_ms BIGINT NOT NULL,
    ended_at_ms BIGINT,
    end_word    TEXT   NOT NULL,
    detail      TEXT   NOT NULL
);
