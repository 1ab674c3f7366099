-- Additions go one at a time: no deadlock between replicas, and no limit is passed by two at once.
SELECT pg_advisory_xact_lock(hashtextextended('banyan usage', 0))
