SELECT route, path, measure, epoch, asked, raw_only, noise_only, "both" FROM banyan.noise_count WHERE route = $1
