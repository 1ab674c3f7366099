-- The row stays locked to the end of the transaction, so nobody takes the lead over before it.
SELECT true FROM banyan.lease WHERE name = $1 AND holder = $2 AND epoch = $3 AND until > clock_timestamp() FOR SHARE
