SELECT version FROM banyan.standing FOR UPDATE
