-- The card product's own store. Tokens and bank accounts lie between its other tables, as they grew.
CREATE TABLE tenants (
    tenant_id text PRIMARY KEY,
    uses_receivables boolean NOT NULL DEFAULT false
);
CREATE TABLE aggregator_tokens (
    tenant_id text PRIMARY KEY REFERENCES tenants,
    refresh_token text NOT NULL,
    access_token text NOT NULL DEFAULT '',
    access_until double precision NOT NULL DEFAULT 0,
    handed_over_at timestamptz,
    needs_consent boolean NOT NULL DEFAULT false
);
CREATE TABLE bank_accounts (
    tenant_id text NOT NULL REFERENCES tenants,
    account_no text NOT NULL,
    bank text NOT NULL,
    currency text NOT NULL,
    balance_minor bigint NOT NULL,
    day integer NOT NULL,
    write_key text NOT NULL, -- the Idempotency-Key that the write came with; empty: none
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, account_no)
);
CREATE ROLE card LOGIN;
CREATE ROLE etl LOGIN;
CREATE ROLE reader LOGIN;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO card;
GRANT SELECT ON bank_accounts TO etl, reader;
ALTER ROLE etl SET log_statement = 'all';
