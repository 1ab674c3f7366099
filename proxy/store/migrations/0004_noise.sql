-- Counts of noise say what they are of and in which epoch; what was counted before came of asking legacy twice.
ALTER TABLE banyan.noise_count ADD COLUMN measure text NOT NULL DEFAULT 'second', ADD COLUMN epoch integer NOT NULL DEFAULT 0;
ALTER TABLE banyan.noise_count ALTER COLUMN measure DROP DEFAULT, ALTER COLUMN epoch DROP DEFAULT;
ALTER TABLE banyan.noise_count DROP CONSTRAINT noise_count_pkey, ADD PRIMARY KEY (route, path, measure, epoch);
ALTER TABLE banyan.staged_noise_count ADD COLUMN measure text NOT NULL, ADD COLUMN epoch integer NOT NULL;
ALTER TABLE banyan.noise ADD COLUMN why text NOT NULL DEFAULT '';
