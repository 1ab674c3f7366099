-- The customer service's database, as its migrations have left it: times without a zone are UTC, enums are numbers.
CREATE TABLE customers (
    id bigserial PRIMARY KEY,
    name text NOT NULL,
    kana text NOT NULL,
    phone text NOT NULL,
    status integer NOT NULL DEFAULT 0,
    source integer NOT NULL DEFAULT 0,
    note text,
    next_call_at timestamp(6),
    total_paid numeric(12, 2) NOT NULL DEFAULT 0,
    lock_version integer NOT NULL DEFAULT 0,
    deleted_at timestamp(6),
    created_at timestamp(6) NOT NULL,
    updated_at timestamp(6) NOT NULL
);
CREATE TABLE appointments (
    id bigserial PRIMARY KEY,
    customer_id bigint NOT NULL REFERENCES customers,
    kind integer NOT NULL,
    starts_at timestamp(6) NOT NULL,
    place text,
    created_at timestamp(6) NOT NULL,
    updated_at timestamp(6) NOT NULL
);
CREATE TABLE items (
    id bigserial PRIMARY KEY,
    customer_id bigint NOT NULL REFERENCES customers,
    category integer NOT NULL,
    title text NOT NULL,
    estimate numeric(12, 2),
    deleted_at timestamp(6),
    created_at timestamp(6) NOT NULL,
    updated_at timestamp(6) NOT NULL
);
CREATE INDEX ON customers (kana text_pattern_ops);
CREATE INDEX ON customers (phone);
CREATE INDEX ON appointments (customer_id);
CREATE INDEX ON items (customer_id);
INSERT INTO customers (name, kana, phone, status, source, note, next_call_at, total_paid, created_at, updated_at)
SELECT 'customer ' || i, 'kana ' || lpad(i::text, 6, '0'), '090-' || lpad(i::text, 8, '0'),
    (ARRAY[0, 1, 2, 3, 5])[1 + i % 5], i % 4, CASE WHEN i % 3 > 0 THEN 'asked for a call ' || i END,
    CASE WHEN i % 5 > 1 THEN timestamp '2026-12-01 01:30' + i * interval '7 minutes' END, i % 7 * 1500,
    timestamp '2026-06-01 03:00' + i * interval '1 minute', timestamp '2026-08-01 03:00' + i * interval '1 minute'
FROM generate_series(1, @CUSTOMERS@) AS i;
INSERT INTO appointments (customer_id, kind, starts_at, place, created_at, updated_at)
SELECT i, (ARRAY[0, 1, 3, 4])[1 + i % 4], timestamp '2026-12-02 01:00' + i * interval '15 minutes',
    CASE WHEN i % 2 > 0 THEN 'at home' END, timestamp '2026-09-01 03:00', timestamp '2026-09-01 03:00'
FROM generate_series(1, @CUSTOMERS@) AS i;
INSERT INTO items (customer_id, category, title, estimate, created_at, updated_at)
SELECT 1 + i / 2, i % 5, 'item ' || i, CASE WHEN i % 3 > 0 THEN i % 50 * 1000 END, timestamp '2026-09-02 03:00',
    timestamp '2026-09-02 03:00'
FROM generate_series(0, 2 * @CUSTOMERS@ - 1) AS i;
CREATE ROLE customer_service LOGIN;
CREATE ROLE crm_backend LOGIN;
GRANT SELECT, INSERT, UPDATE, DELETE ON customers, appointments, items TO customer_service, crm_backend;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO customer_service, crm_backend;
