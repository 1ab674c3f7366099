UPDATE banyan.journal SET
    state = 'owed', attempts = 0, began = clock_timestamp(), due = clock_timestamp(), held = clock_timestamp(),
    made = CASE WHEN $2 = '' OR answer IS NOT NULL THEN made ELSE ARRAY[$2] END,
    -- a key that the answer was to say
    key = CASE WHEN $2 <> '' AND answer IS NULL AND key = 'new ' || replace(id::text, '-', '') THEN $2 ELSE key END
WHERE id = $1 AND state IN ('owed', 'unknown', 'dead')
RETURNING id
