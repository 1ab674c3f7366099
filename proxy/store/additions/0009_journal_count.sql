-- How many writes the journal has of each route in each state, and their bytes, without a look at each of them. Every statement that
-- changes the journal adds the difference that it makes as rows of its own, so that none waits for another; who reads adds them up, and
-- one reader at a time puts them together (`sql/journal/fold.sql`).

CREATE TABLE banyan.journal_count (
    route text NOT NULL,
    state text NOT NULL,
    writes bigint NOT NULL,
    bytes bigint NOT NULL
);
INSERT INTO banyan.journal_count (route, state, writes, bytes)
SELECT route, state, count(*), sum(octet_length(request) + coalesce(octet_length(answer), 0)) FROM banyan.journal GROUP BY route, state;
CREATE INDEX journal_began ON banyan.journal (route, state, began);

CREATE FUNCTION banyan.count_journal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO banyan.journal_count (route, state, writes, bytes)
        SELECT route, state, count(*), sum(octet_length(request) + coalesce(octet_length(answer), 0))
        FROM now_there GROUP BY route, state;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO banyan.journal_count (route, state, writes, bytes)
        SELECT route, state, -count(*), -sum(octet_length(request) + coalesce(octet_length(answer), 0))
        FROM there_before GROUP BY route, state;
    ELSE
        INSERT INTO banyan.journal_count (route, state, writes, bytes)
        SELECT route, state, sum(one), sum(one * size) FROM (
            SELECT route, state, 1 AS one, octet_length(request) + coalesce(octet_length(answer), 0) AS size FROM now_there
            UNION ALL
            SELECT route, state, -1, octet_length(request) + coalesce(octet_length(answer), 0) FROM there_before
        ) AS changed
        GROUP BY route, state HAVING sum(one) <> 0 OR sum(one * size) <> 0;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER count_inserted AFTER INSERT ON banyan.journal REFERENCING NEW TABLE AS now_there
    FOR EACH STATEMENT EXECUTE FUNCTION banyan.count_journal();
CREATE TRIGGER count_deleted AFTER DELETE ON banyan.journal REFERENCING OLD TABLE AS there_before
    FOR EACH STATEMENT EXECUTE FUNCTION banyan.count_journal();
CREATE TRIGGER count_updated AFTER UPDATE ON banyan.journal REFERENCING OLD TABLE AS there_before NEW TABLE AS now_there
    FOR EACH STATEMENT EXECUTE FUNCTION banyan.count_journal();
