-- By how much a till may be over or short when its cashier closes the shift alone.
ALTER TABLE rule_sets ADD COLUMN till_alone_fen BIGINT NOT NULL DEFAULT 5000;

-- A closing above that is asked for by one person and countersigned by another. What was asked for is gone as soon as money moves.
ALTER TABLE shifts ADD COLUMN asked_by TEXT;
ALTER TABLE shifts ADD COLUMN asked_at_ms BIGINT
    CHECK ((asked_at_ms IS NULL) = (asked_by IS NULL))
    CHECK (asked_at_ms IS NULL OR state = 'counted');
ALTER TABLE shifts ADD COLUMN asked_reason TEXT CHECK ((asked_reason IS NULL) = (asked_at_ms IS NULL));
ALTER TABLE shifts ADD COLUMN asked_note TEXT CHECK ((asked_note IS NULL) = (asked_at_ms IS NULL));
ALTER TABLE shifts ADD COLUMN asked_receiver TEXT;
ALTER TABLE shifts ADD COLUMN asked_word TEXT;

-- The limit that held when it was closed, and who countersigned: neither who took the money nor who counted it.
ALTER TABLE shifts ADD COLUMN countersigned_by TEXT
    CHECK (countersigned_by IS NULL OR closed_at_ms IS NOT NULL)
    CHECK (countersigned_by <> counted_by)
    CHECK (countersigned_by <> 'staff:' || cashier);
ALTER TABLE shifts ADD COLUMN alone_fen BIGINT
    CHECK (alone_fen IS NULL OR ABS(difference_fen) <= alone_fen OR countersigned_by IS NOT NULL);

-- What finance found out about a difference that was countersigned.
ALTER TABLE shifts ADD COLUMN looked_into_by TEXT;
ALTER TABLE shifts ADD COLUMN looked_into_at_ms BIGINT
    CHECK ((looked_into_at_ms IS NULL) = (looked_into_by IS NULL))
    CHECK (looked_into_at_ms IS NULL OR countersigned_by IS NOT NULL);
ALTER TABLE shifts ADD COLUMN looked_into_note TEXT
    CHECK ((looked_into_note IS NULL) = (looked_into_at_ms IS NULL));

CREATE INDEX shifts_asked ON shifts (asked_at_ms) WHERE asked_at_ms IS NOT NULL;
CREATE INDEX shifts_to_look_into ON shifts (closed_at_ms) WHERE countersigned_by IS NOT NULL AND looked_into_at_ms IS NULL;
