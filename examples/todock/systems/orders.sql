-- The order API's own store.
CREATE TABLE order_line (
    number text NOT NULL, -- a member's number, a dash, and a week
    item text NOT NULL,
    count integer NOT NULL,
    revision bigint NOT NULL,
    written_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (number, item)
);
CREATE ROLE service LOGIN;
CREATE ROLE reader LOGIN;
GRANT SELECT, INSERT, DELETE ON order_line TO service;
GRANT SELECT ON order_line TO reader;
CREATE DATABASE banyan;
