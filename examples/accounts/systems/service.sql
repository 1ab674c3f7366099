-- The account service's own store.
CREATE TABLE connection (
    tenant text PRIMARY KEY,
    origin text NOT NULL CHECK (origin IN ('card', 'here')),
    refresh_token text NOT NULL,
    access_token text NOT NULL DEFAULT '',
    access_until timestamptz NOT NULL DEFAULT 'epoch',
    needs_consent boolean NOT NULL DEFAULT false
);
CREATE TABLE account (
    tenant text NOT NULL,
    number text NOT NULL,
    bank_name text NOT NULL,
    currency char(3) NOT NULL,
    balance numeric(20, 2) NOT NULL,
    day integer NOT NULL,
    written_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant, number)
);
CREATE ROLE service LOGIN;
CREATE ROLE etl LOGIN;
CREATE ROLE reader LOGIN;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO service;
GRANT SELECT ON account TO etl, reader;
GRANT SELECT (tenant, origin) ON connection TO reader;
ALTER ROLE etl SET log_statement = 'all';
CREATE DATABASE banyan;
