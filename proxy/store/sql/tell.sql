-- What is a minute old is forgotten on the way.
WITH forgotten AS (
    DELETE FROM banyan.told WHERE at < clock_timestamp() - interval '1 minute'
)
INSERT INTO banyan.told (instance, body) VALUES ($1, $2)
