WITH ended AS (
    UPDATE banyan.grant_family SET state = 'ended', why = $2, rt = NULL, epoch = epoch + 1, lease = NULL,
        moved_at = clock_timestamp()
    WHERE id = $1 AND state <> 'ended' RETURNING id
)
DELETE FROM banyan.grant_access WHERE family = $1
