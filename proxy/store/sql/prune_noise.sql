DELETE FROM banyan.noise WHERE updated < $1
