-- The end of the audit chain, sealed with the keyring. The chain's hashes can be computed by whoever reads the table, so a hand at
-- the database could unlink rows, change them and have them linked anew; it cannot seal a new end.
CREATE TABLE audit_ends (
    chain      TEXT  NOT NULL PRIMARY KEY,
    end_sealed BLOB NOT NULL
);
