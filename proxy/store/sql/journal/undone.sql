SELECT key, cohort FROM banyan.journal WHERE scope = $1 AND ($2::text[] IS NULL OR cohort = ANY($2)) LIMIT $3
