-- The contract service's own store.
CREATE TABLE contract (
    number text PRIMARY KEY,
    partner text NOT NULL, -- as Banyan says who calls; empty: nobody said it
    product text NOT NULL,
    holder text NOT NULL,
    premium numeric(12, 0) NOT NULL,
    revision bigint NOT NULL,
    starts_on date NOT NULL,
    ends_on date NOT NULL,
    billing_day smallint NOT NULL,
    written_at timestamptz NOT NULL DEFAULT now()
);
CREATE ROLE service LOGIN;
CREATE ROLE reader LOGIN;
GRANT SELECT, INSERT, UPDATE ON contract TO service;
GRANT SELECT ON contract TO reader;
CREATE DATABASE banyan;
