INSERT INTO banyan.journal_scope (scope) SELECT unnest($1::text[])
ON CONFLICT (scope) DO UPDATE SET seen = clock_timestamp()
