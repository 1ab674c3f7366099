-- A sample needs its cluster.
INSERT INTO banyan.sample (route, epoch, cluster, request_id, at, draw, exchange)
SELECT route, epoch, cluster, request_id, at, draw, exchange FROM banyan.staged_sample AS staged
WHERE EXISTS (
    SELECT FROM banyan.cluster AS known
    WHERE known.route = staged.route AND known.epoch = staged.epoch AND known.id = staged.cluster
)
ON CONFLICT DO NOTHING
