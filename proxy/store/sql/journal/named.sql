SELECT *, extract(epoch FROM began)::float8 AS since FROM banyan.journal WHERE id BETWEEN $1 AND $2 ORDER BY id LIMIT $3
