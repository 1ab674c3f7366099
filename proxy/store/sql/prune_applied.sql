DELETE FROM banyan.applied WHERE at < $1
