UPDATE banyan.lease SET until = '-infinity' WHERE name = $1 AND holder = $2 AND epoch = $3
