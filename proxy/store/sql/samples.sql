SELECT cluster, epoch, exchange FROM banyan.sample WHERE route = $1 AND epoch = $2 AND cluster = $3
