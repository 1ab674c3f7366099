UPDATE banyan.journal SET
    state = 'owed', attempts = 0, began = clock_timestamp(), due = clock_timestamp(), held = clock_timestamp()
WHERE id = $1 AND state IN ('owed', 'unknown', 'dead')
RETURNING id
