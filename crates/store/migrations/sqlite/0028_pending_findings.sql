-- A worklist over all days without reading what was settled long ago: pending holds for everything that somebody may still have to
-- act on, and perhaps for a few more; who reads it asks how each stands. due is the deadline, or the one that a person set instead.
ALTER TABLE run_findings ADD COLUMN pending BIGINT NOT NULL DEFAULT 0;
ALTER TABLE run_findings ADD COLUMN due TEXT NOT NULL DEFAULT '9999-12-31';
UPDATE run_findings
SET pending = 1, due = COALESCE(deadline, '9999-12-31')
WHERE
    settled = 0
    AND carried_in = 0
    AND run_id IN (SELECT run_id FROM runs WHERE state = 'current');
CREATE INDEX run_findings_pending ON run_findings (due, run_id, position) WHERE pending = 1;
CREATE INDEX run_findings_pending_of_run ON run_findings (run_id, position) WHERE pending = 1;

-- How a difference stands is asked for each one that is shown: by its key, not by the state of every order there ever was.
CREATE INDEX remedies_by_standing ON remedies (finding_key, state, remedy);
