DELETE FROM banyan.cluster WHERE last_seen < $1
