SELECT id, check_name, mark, started, ended, position, legacy_rows, new_rows, differences, unsettled, actor
FROM banyan.reconcile_run ORDER BY started DESC, id
