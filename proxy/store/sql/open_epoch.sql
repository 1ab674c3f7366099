INSERT INTO banyan.epoch AS known (route, number, legacy_version, new_version, began, seen)
SELECT $1, coalesce(max(number), 0) + 1, $2, $3, $4, $4 FROM banyan.epoch WHERE route = $1
ON CONFLICT (route, legacy_version, new_version) DO UPDATE SET seen = greatest(known.seen, excluded.seen)
RETURNING route, number, legacy_version, new_version, began, seen
