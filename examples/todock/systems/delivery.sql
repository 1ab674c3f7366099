-- The delivery server's own store: who may come in, what they have, what they order, and when the core system is closed.
CREATE TABLE members (
    member_no text PRIMARY KEY,
    password text NOT NULL,
    confirmed boolean NOT NULL,
    points integer NOT NULL,
    bought_yen integer NOT NULL,
    card_yen integer NOT NULL
);
INSERT INTO members
SELECT n::text, 'secret of ' || n, (n - 30000001) % 8 <> 7, n * 7919 % 5000, n % 4 * 50000, n * 104729 % 20000
FROM generate_series(30000001::bigint, 30000060) AS n;
CREATE TABLE stages (from_yen integer PRIMARY KEY, stage text NOT NULL);
INSERT INTO stages VALUES (0, 'regular'), (10000, 'silver'), (50000, 'gold'), (100000, 'platinum');
CREATE TABLE order_lines (
    order_no text NOT NULL,
    item_cd text NOT NULL,
    su integer NOT NULL,
    rev integer NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (order_no, item_cd)
);
CREATE TABLE core_hours (closed_until timestamptz NOT NULL);
INSERT INTO core_hours VALUES ('epoch');
CREATE ROLE delivery LOGIN;
CREATE ROLE reader LOGIN;
GRANT SELECT ON members, stages, core_hours TO delivery;
GRANT SELECT, INSERT, DELETE ON order_lines TO delivery;
GRANT SELECT ON order_lines TO reader;
