-- What the valuation service keeps in a database of its own.
CREATE TABLE valuations (
    id bigserial PRIMARY KEY,
    customer_id bigint NOT NULL, -- of the customer domain, which it asks by its API
    customer_name text NOT NULL,
    sum integer NOT NULL
);
CREATE INDEX ON valuations (customer_id);
