SELECT route, number, legacy_version, new_version, began, seen, addresses, begun, why FROM banyan.epoch WHERE route = $1
