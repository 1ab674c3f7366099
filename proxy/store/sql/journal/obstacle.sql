SELECT
    EXISTS (
        SELECT FROM banyan.journal_hold
        WHERE scope = $1 AND $3 >= low AND $3 < high AND until > clock_timestamp()
    ) AS moving,
    EXISTS (
        SELECT FROM banyan.journal WHERE scope = $1 AND key = $2 AND side <> $4 AND state <> 'pending'
    ) AS behind
