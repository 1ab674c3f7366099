SELECT route, number, legacy_version, new_version, began, seen FROM banyan.epoch WHERE route = $1
