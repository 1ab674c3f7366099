-- The timeline is that of what is written now: the one of the last checkpoint is the old one for minutes after a failover.
SELECT system_identifier || '/' || ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int
    || '/' || (SELECT oid FROM pg_database WHERE datname = current_database())
FROM pg_control_system()
