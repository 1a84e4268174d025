-- What a line says beside its money: what insurance bore, and whether it is a deposit. A line that is carried keeps it.
ALTER TABLE run_finding_lines ADD COLUMN insurance_fen BIGINT;
ALTER TABLE run_finding_lines ADD COLUMN deposit BIGINT;
