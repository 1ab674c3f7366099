DELETE FROM banyan.presence WHERE instance = $1
