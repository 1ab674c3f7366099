SELECT version FROM banyan.standing
