-- $1 seconds for which ancestors are kept after every holder has shown a newer one, $2 provider, $3 holders: one that has shown none
-- yet may have the oldest of all
WITH shown AS (
    SELECT family, min(gen) AS least FROM banyan.grant_mark WHERE system = ANY ($3::text[])
    GROUP BY family HAVING count(*) = cardinality($3::text[])
), old AS (
    DELETE FROM banyan.grant_seen s USING banyan.grant_family f, shown
    WHERE f.id = s.family AND shown.family = f.id AND f.provider = $2 AND s.gen < shown.least AND s.gen < f.gen
        AND s.last_at < clock_timestamp() - make_interval(secs => $1)
), oldest AS ( -- that nobody has shown for so long, whoever may have a copy: else one system that never comes keeps all of them
    DELETE FROM banyan.grant_seen s USING banyan.grant_family f
    WHERE f.id = s.family AND f.provider = $2 AND s.gen < f.gen AND s.last_at < clock_timestamp() - interval '400 days'
), over AS (
    DELETE FROM banyan.grant_family
    WHERE provider = $2 AND (
        state = 'ended' AND moved_at < clock_timestamp() - make_interval(secs => $1)
        OR state = 'needs_consent' AND moved_at < clock_timestamp() - interval '400 days'
    )
), credentials AS (
    DELETE FROM banyan.grant_credential WHERE ok_at < clock_timestamp() - interval '1 day'
)
DELETE FROM banyan.grant_event WHERE provider = $2 AND at < clock_timestamp() - interval '90 days'
