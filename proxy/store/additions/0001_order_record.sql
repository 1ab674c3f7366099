-- Orders that move no route: pins, drains, the kill switch. `route` is empty where an order is about all routes, `instance` where it
-- is about every replica; `cohort`, `side` and `until` are those of a pin.

CREATE TABLE banyan.order_record (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    route text NOT NULL,
    kind text NOT NULL,
    actor text NOT NULL,
    at double precision NOT NULL,
    reason text NOT NULL,
    cohort text NOT NULL,
    side text,
    until double precision,
    instance text NOT NULL,
    UNIQUE (route, kind, cohort, instance, actor, at)
);
