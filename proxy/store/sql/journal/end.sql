WITH ended AS MATERIALIZED (
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bytea[], $5::text[], $6::integer[])
        AS ended (id, state, key, answer, made, asked)
), locked AS MATERIALIZED (
    SELECT id FROM banyan.journal
    WHERE (id = ANY($1) OR id = ANY($7::uuid[])) AND state IN ('pending', 'unknown')
    ORDER BY scope, key, id FOR UPDATE
), disordered AS ( -- taken for unknown, and known now that later writes of the key were begun: which was last is not known
    SELECT one.id FROM banyan.journal AS one JOIN ended ON ended.id = one.id
    WHERE one.state = 'unknown' AND ended.state = 'owed' AND EXISTS (
        SELECT FROM banyan.journal AS later
        WHERE later.scope = one.scope AND later.key = one.key AND (later.turn > one.turn OR later.state = 'pending')
    )
), failed AS ( -- but for what the first side was asked for again meanwhile: who asked says what became of it
    DELETE FROM banyan.journal WHERE id IN (SELECT id FROM locked) AND id = ANY($7) AND attempts = 0
)
UPDATE banyan.journal AS kept SET
    state = CASE WHEN kept.id IN (SELECT id FROM disordered) THEN 'dead' ELSE ended.state END,
    said = CASE WHEN kept.id IN (SELECT id FROM disordered) THEN 'done, before or after later ones of its key' ELSE kept.said END,
    key = CASE WHEN ended.key = '' THEN kept.key ELSE ended.key END,
    answer = ended.answer,
    made = ARRAY(SELECT json_array_elements_text(ended.made::json)),
    turn = coalesce(kept.turn, nextval('banyan.journal_turn')),
    attempts = ended.asked,
    holder = '',
    held = clock_timestamp(),
    due = clock_timestamp()
FROM ended, locked
WHERE kept.id = ended.id AND kept.id = locked.id
