-- Old ones ($10 before this one) are dropped on the way. One that is there already stays as it is.
WITH recorded AS (
    INSERT INTO banyan.order_record (route, kind, actor, at, reason, cohort, side, until, instance)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    ON CONFLICT DO NOTHING
    RETURNING id
)
DELETE FROM banyan.order_record USING recorded WHERE order_record.id <= recorded.id - $10
