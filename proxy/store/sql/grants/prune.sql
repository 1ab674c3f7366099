-- $1 seconds for which ancestors are kept after every holder has shown a newer one, $2 provider
WITH shown AS (SELECT family, min(gen) AS least FROM banyan.grant_mark GROUP BY family), old AS (
    DELETE FROM banyan.grant_seen s USING banyan.grant_family f, shown
    WHERE f.id = s.family AND shown.family = f.id AND f.provider = $2 AND s.gen < shown.least AND s.gen < f.gen
        AND s.last_at < clock_timestamp() - make_interval(secs => $1)
), over AS (
    DELETE FROM banyan.grant_family
    WHERE provider = $2 AND state = 'ended' AND moved_at < clock_timestamp() - make_interval(secs => $1)
), credentials AS (
    DELETE FROM banyan.grant_credential WHERE ok_at < clock_timestamp() - interval '1 day'
)
DELETE FROM banyan.grant_event WHERE provider = $2 AND at < clock_timestamp() - interval '90 days'
