INSERT INTO banyan.epoch AS known (route, number, legacy_version, new_version, began, seen, addresses, begun, why)
SELECT $1, coalesce(max(number), 0) + 1, $2, $3, $4, $4, $5, $6, $7 FROM banyan.epoch WHERE route = $1
ON CONFLICT (route, legacy_version, new_version, addresses, begun) DO UPDATE SET
    seen = greatest(known.seen, excluded.seen),
    why = CASE WHEN excluded.why = '' THEN known.why ELSE excluded.why END
RETURNING route, number, legacy_version, new_version, began, seen, addresses, begun, why
