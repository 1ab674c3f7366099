SELECT i.system_identifier || '/' || c.timeline_id || '/' || (SELECT oid FROM pg_database WHERE datname = current_database())
FROM pg_control_system() i, pg_control_checkpoint() c
