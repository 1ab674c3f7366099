INSERT INTO banyan.shape (route, shape, legacy, compared, first_seen, last_seen)
SELECT route, shape, sum(legacy)::bigint, sum(compared)::bigint, min(first_seen), max(last_seen)
FROM banyan.staged_shape GROUP BY route, shape
ON CONFLICT (route, shape) DO UPDATE SET
    legacy = shape.legacy + excluded.legacy,
    compared = shape.compared + excluded.compared,
    first_seen = least(shape.first_seen, excluded.first_seen),
    last_seen = greatest(shape.last_seen, excluded.last_seen)
