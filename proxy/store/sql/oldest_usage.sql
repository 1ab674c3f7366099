-- The first day that stays: $1, or a later one where that would be more than $2 records.
SELECT greatest($1::integer, coalesce((SELECT day + 1 FROM banyan.usage_day ORDER BY day DESC OFFSET $2 LIMIT 1), $1))
