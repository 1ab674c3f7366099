SELECT *, extract(epoch FROM began)::float8 AS since FROM banyan.journal
WHERE ($1::text IS NULL OR route = $1) AND ($2::text IS NULL OR state = $2)
ORDER BY began, id LIMIT $3
