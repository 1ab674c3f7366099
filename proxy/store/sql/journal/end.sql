WITH ended AS MATERIALIZED (
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bytea[], $5::text[]) AS ended (id, state, key, answer, made)
), locked AS MATERIALIZED (
    SELECT id FROM banyan.journal
    WHERE (id = ANY($1) OR id = ANY($6::uuid[])) AND state IN ('pending', 'unknown')
    ORDER BY scope, key, id FOR UPDATE
), failed AS (
    DELETE FROM banyan.journal WHERE id IN (SELECT id FROM locked) AND id = ANY($6)
)
UPDATE banyan.journal AS kept SET
    state = ended.state,
    key = CASE WHEN ended.key = '' THEN kept.key ELSE ended.key END,
    answer = ended.answer,
    made = ARRAY(SELECT json_array_elements_text(ended.made::json)),
    turn = coalesce(kept.turn, nextval('banyan.journal_turn')),
    attempts = 0,
    holder = '',
    held = clock_timestamp(),
    due = clock_timestamp()
FROM ended, locked
WHERE kept.id = ended.id AND kept.id = locked.id
