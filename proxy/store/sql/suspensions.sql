SELECT subject, by, since, reason FROM banyan.suspension
