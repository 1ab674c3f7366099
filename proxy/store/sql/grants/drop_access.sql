DELETE FROM banyan.grant_access WHERE at_hash = $1 RETURNING family
