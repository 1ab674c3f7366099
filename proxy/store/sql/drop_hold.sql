WITH dropped AS (
    DELETE FROM banyan.hold WHERE route = $1 RETURNING true
), numbered AS (
    UPDATE banyan.standing SET version = version + 1 WHERE EXISTS (SELECT FROM dropped) RETURNING version
)
SELECT version, pg_notify('banyan_standing', version::text) FROM numbered
