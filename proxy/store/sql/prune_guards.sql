DELETE FROM banyan.guard WHERE updated < $1
