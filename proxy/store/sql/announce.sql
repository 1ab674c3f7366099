-- Replicas that were silent for a day are forgotten on the way.
WITH forgotten AS (
    DELETE FROM banyan.presence WHERE seen < clock_timestamp() - interval '1 day' AND instance <> $1
)
INSERT INTO banyan.presence (instance, revision, version, seen) VALUES ($1, $2, $3, clock_timestamp())
ON CONFLICT (instance) DO UPDATE SET revision = excluded.revision, version = excluded.version, seen = excluded.seen
