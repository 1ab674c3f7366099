DELETE FROM banyan.reconcile_run WHERE check_name = $1 AND id NOT IN
    (SELECT id FROM banyan.reconcile_run WHERE check_name = $1 ORDER BY started DESC, id LIMIT $2)
