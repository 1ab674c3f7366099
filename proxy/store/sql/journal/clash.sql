SELECT legacy, new FROM banyan.journal_id
WHERE scope = $1 AND (legacy = $2 OR new = $3) AND NOT (legacy = $2 AND new = $3)
ORDER BY legacy LIMIT 1
