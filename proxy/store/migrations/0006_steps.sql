-- A comparison counts under the step at which it was asked, and under who answered the client. An epoch belongs to the addresses of
-- both sides as well, and to how often somebody has begun one anew. What was found before counts as of no step.

ALTER TABLE banyan.tally ADD COLUMN step bigint NOT NULL DEFAULT 0, ADD COLUMN side text NOT NULL DEFAULT 'legacy';
ALTER TABLE banyan.tally DROP CONSTRAINT tally_pkey,
    ADD PRIMARY KEY (route, epoch, minute, shape, outcome, kind, severity, why, step, side);
ALTER TABLE banyan.staged_tally ADD COLUMN step bigint NOT NULL, ADD COLUMN side text NOT NULL;

ALTER TABLE banyan.epoch ADD COLUMN addresses text NOT NULL DEFAULT '', ADD COLUMN begun integer NOT NULL DEFAULT 0,
    ADD COLUMN why text NOT NULL DEFAULT '';
ALTER TABLE banyan.epoch DROP CONSTRAINT epoch_route_legacy_version_new_version_key,
    ADD UNIQUE (route, legacy_version, new_version, addresses, begun);

ALTER TABLE banyan.position ADD COLUMN begun integer NOT NULL DEFAULT 0;
