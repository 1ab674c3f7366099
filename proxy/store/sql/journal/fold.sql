-- One reader at a time: who finds another at it has nothing to do.
WITH turn AS MATERIALIZED (
    SELECT pg_try_advisory_xact_lock(hashtextextended('banyan journal_count', 0)) AS is_mine
), gone AS (
    DELETE FROM banyan.journal_count WHERE (SELECT is_mine FROM turn) RETURNING route, state, writes, bytes
)
INSERT INTO banyan.journal_count (route, state, writes, bytes)
SELECT route, state, sum(writes), sum(bytes) FROM gone GROUP BY route, state HAVING sum(writes) <> 0 OR sum(bytes) <> 0
