-- $3 is the minute from which an edit that was seen counts, or 0; $4 the one from which rules count that were edited unseen.
INSERT INTO banyan.judged_rules AS known (route, mark, minute)
SELECT $1, $2, CASE WHEN $3 = 0 AND EXISTS (SELECT FROM banyan.judged_rules WHERE route = $1) THEN $4::bigint ELSE $3::bigint END
ON CONFLICT (route, mark) DO UPDATE SET minute = CASE
    WHEN $3 = 0 AND known.minute < (SELECT max(minute) FROM banyan.judged_rules WHERE route = $1) THEN $4::bigint
    ELSE greatest(known.minute, $3::bigint)
END
RETURNING route, mark, minute
