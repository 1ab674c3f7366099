-- Scopes in which some route writes to both sides, and when a clerk was there last: what each side calls a thing is kept for as long.

CREATE TABLE banyan.journal_scope (
    scope text PRIMARY KEY,
    seen timestamptz NOT NULL DEFAULT clock_timestamp()
);
INSERT INTO banyan.journal_scope (scope) SELECT DISTINCT scope FROM banyan.journal_id;
