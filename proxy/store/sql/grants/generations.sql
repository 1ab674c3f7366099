SELECT id, gen FROM banyan.grant_family WHERE id = ANY ($1::uuid[])
