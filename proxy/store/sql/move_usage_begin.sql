UPDATE banyan.usage_record SET began = greatest(began, $1)
