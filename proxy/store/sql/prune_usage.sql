DELETE FROM banyan.usage_day WHERE day < $1
