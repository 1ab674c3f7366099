WITH asked AS MATERIALIZED (
    SELECT * FROM unnest(
        $1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::double precision[], $7::text[], $8::bytea[],
        $9::text[], $10::bigint[]
    ) AS asked (id, scope, key, route, cohort, draw, side, request, needs, decided)
), inserted AS (
    INSERT INTO banyan.journal (id, scope, key, route, cohort, draw, side, state, holder, held, request, needs, decided)
    SELECT id, scope, key, route, cohort, draw, side, 'pending', $11, clock_timestamp() + make_interval(secs => $12), request,
        ARRAY(SELECT json_array_elements_text(needs::json)), decided
    FROM asked
    ORDER BY scope, key -- two replicas that write the same keys wait for each other in one order
    ON CONFLICT DO NOTHING
    RETURNING id
)
SELECT id FROM inserted
UNION
SELECT id FROM banyan.journal WHERE id = ANY($1) AND state = 'pending' -- asked for again, since nobody heard the answer
