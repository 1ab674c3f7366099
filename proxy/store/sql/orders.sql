SELECT route, kind, actor, at, reason, cohort, side, until, instance
FROM banyan.order_record WHERE $1::text IS NULL OR route IN ($1, '') ORDER BY id DESC LIMIT $2
