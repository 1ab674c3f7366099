DELETE FROM banyan.journal AS begun
WHERE id = ANY($1::uuid[]) AND state = 'pending' AND (
    EXISTS (
        SELECT FROM banyan.journal AS other
        WHERE other.scope = begun.scope AND other.key = begun.key AND other.side <> begun.side AND other.state <> 'pending'
    ) OR EXISTS (
        SELECT FROM banyan.journal_hold AS held
        WHERE held.scope = begun.scope AND begun.draw >= held.low AND begun.draw < held.high
            AND held.until > clock_timestamp()
    )
)
RETURNING id
