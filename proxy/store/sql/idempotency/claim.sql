WITH asked AS (
    SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::bytea[], $4::text[], $5::text[], $6::boolean[])
        AS each (record, owner, fingerprint, route, key, repeatable)
    ORDER BY record
)
INSERT INTO banyan.idempotency AS known (record, owner, fingerprint, route, key, repeatable, phase, locked_until, kept_until)
SELECT record, owner, fingerprint, route, key, repeatable, 'claimed', now() + make_interval(secs => $7), now() + make_interval(secs => $8)
FROM asked
ON CONFLICT (record) DO UPDATE SET
    owner = EXCLUDED.owner,
    fingerprint = EXCLUDED.fingerprint,
    repeatable = EXCLUDED.repeatable,
    tried = known.tried OR known.phase IN ('sent', 'unkept'),
    phase = 'claimed',
    began = now(),
    locked_until = EXCLUDED.locked_until,
    kept_until = EXCLUDED.kept_until
WHERE known.phase = 'claimed' AND known.locked_until < now() AND NOT known.tried
    OR known.phase IN ('answered', 'unkept') AND known.kept_until < now()
    OR EXCLUDED.repeatable AND known.fingerprint = EXCLUDED.fingerprint AND (
        known.phase = 'unkept' OR known.phase IN ('claimed', 'sent') AND known.locked_until < now()
    )
RETURNING record
