-- The consumer back end's own store.
CREATE TABLE contracts (
    contract_no text PRIMARY KEY,
    partner text NOT NULL, -- who sold it; app: the consumer app
    product text NOT NULL,
    holder text NOT NULL,
    premium_yen integer NOT NULL,
    revision integer NOT NULL,
    starts_on text NOT NULL,
    ends_on text NOT NULL,
    billing_day integer NOT NULL, -- the nightly billing reads it; no answer shows it
    write_key text NOT NULL, -- the Idempotency-Key that the write came with; empty: none
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE ROLE backend LOGIN;
CREATE ROLE reader LOGIN;
GRANT SELECT, INSERT, UPDATE ON contracts TO backend;
GRANT SELECT ON contracts TO reader;
