-- Pairs that have one of these names go where their thing is gone, and all of them but this one itself where people have said so ($4).
DELETE FROM banyan.journal_id
WHERE scope = $1 AND (legacy = $2 OR new = $3) AND (gone OR $4 AND NOT (legacy = $2 AND new = $3))
