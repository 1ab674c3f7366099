DELETE FROM banyan.staged_tally;
DELETE FROM banyan.staged_cluster;
DELETE FROM banyan.staged_sample;
DELETE FROM banyan.staged_recorded;
DELETE FROM banyan.staged_shape;
DELETE FROM banyan.staged_rule_hits;
DELETE FROM banyan.staged_noise_count;
DELETE FROM banyan.staged_key_group;
