-- A lease is over when its time has come, and also when it would last longer than it was granted: then the database's clock
-- went back (a fail-over to another machine), and nobody could tell for how long the old holder is still to be waited for.
INSERT INTO banyan.lease AS known (name, holder, epoch, granted, until)
VALUES ($1, $2, 1, $3, clock_timestamp() + make_interval(secs => $3))
ON CONFLICT (name) DO UPDATE SET
    epoch = known.epoch + CASE WHEN known.holder = excluded.holder AND known.until > clock_timestamp() THEN 0 ELSE 1 END,
    holder = excluded.holder, granted = excluded.granted, until = excluded.until
WHERE known.holder = excluded.holder
    OR known.until <= clock_timestamp()
    OR known.until > clock_timestamp() + make_interval(secs => known.granted)
RETURNING epoch
