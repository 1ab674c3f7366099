-- By the primary key of `journal_id`, which begins with the scope.
DELETE FROM banyan.journal_id WHERE ctid = ANY(ARRAY(
    SELECT old.ctid FROM banyan.journal_scope AS known JOIN banyan.journal_id AS old ON old.scope = known.scope
    WHERE known.seen < clock_timestamp() - make_interval(days => $1)
        AND NOT EXISTS (SELECT FROM banyan.journal WHERE journal.scope = known.scope)
    LIMIT $2
))
RETURNING true
