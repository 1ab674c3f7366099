UPDATE banyan.journal_id SET gone = true
WHERE scope = $1 AND CASE WHEN $2 = 'legacy' THEN legacy = ANY($3::text[]) ELSE new = ANY($3::text[]) END
