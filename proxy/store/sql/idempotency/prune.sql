DELETE FROM banyan.idempotency WHERE record IN (
    SELECT record FROM banyan.idempotency
    WHERE kept_until < now() AND (repeatable OR phase IN ('answered', 'unkept') OR phase = 'claimed' AND NOT tried) AND locked_until < now()
    LIMIT 5000
)
