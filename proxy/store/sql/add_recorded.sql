INSERT INTO banyan.recorded (route, request_id, at, exchange)
SELECT route, request_id, at, exchange FROM banyan.staged_recorded
ON CONFLICT DO NOTHING
