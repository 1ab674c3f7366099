SELECT route, version, from_stage, from_split, to_stage, to_split, cause, actor, at, names, numbers, reason
FROM banyan.transition WHERE $1::text IS NULL OR route = $1 ORDER BY standing DESC LIMIT $2
