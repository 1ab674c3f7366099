SELECT route, stage, split, version, latched, held, cause, since, file_stage, file_split, begun FROM banyan.position
