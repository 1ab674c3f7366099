-- Whole minutes go: those before $1, and the oldest ones until at most $2 records are left.
DELETE FROM banyan.tally
WHERE minute < $1 OR minute <= (SELECT minute FROM banyan.tally ORDER BY minute DESC OFFSET $2 LIMIT 1)
