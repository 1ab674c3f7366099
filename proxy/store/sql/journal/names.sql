SELECT CASE WHEN $2 = 'legacy' THEN legacy ELSE new END AS ours, CASE WHEN $2 = 'legacy' THEN new ELSE legacy END AS theirs
FROM banyan.journal_id
WHERE scope = $1 AND CASE WHEN $2 = 'legacy' THEN legacy = ANY($3) ELSE new = ANY($3) END
