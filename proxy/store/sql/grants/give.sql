-- $1 hash, $2 family, $3 system, $4 generation that it showed: a stored answer, or a fresh one, was given
WITH used AS (
    UPDATE banyan.grant_seen SET uses = uses + 1, last_at = clock_timestamp(),
        given = CASE WHEN $3 = ANY (given) THEN given ELSE array_append(given, $3) END
    WHERE hash = $1
)
INSERT INTO banyan.grant_mark (family, system, gen) VALUES ($2, $3, $4)
ON CONFLICT (family, system) DO UPDATE SET gen = greatest(grant_mark.gen, excluded.gen), at = clock_timestamp()
