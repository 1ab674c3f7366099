DELETE FROM banyan.shape WHERE last_seen < $1
