INSERT INTO banyan.reconcile_run AS r
    (id, check_name, mark, started, ended, position, legacy_rows, new_rows, differences, unsettled, actor)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (id) DO UPDATE SET
    ended = excluded.ended, position = excluded.position, legacy_rows = excluded.legacy_rows, new_rows = excluded.new_rows,
    differences = excluded.differences, unsettled = excluded.unsettled, actor = excluded.actor
WHERE r.ended IS NULL
