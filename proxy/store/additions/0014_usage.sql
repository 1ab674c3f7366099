-- Who called which route on which day. `usage_record` has one row: since when it is kept.

CREATE TABLE banyan.usage_day (
    route text NOT NULL,
    caller text NOT NULL,
    day integer NOT NULL,
    calls bigint NOT NULL,
    good bigint NOT NULL,
    first_seen double precision NOT NULL,
    last_seen double precision NOT NULL,
    PRIMARY KEY (route, caller, day)
);

CREATE INDEX ON banyan.usage_day (day);

CREATE TABLE banyan.usage_record (
    id integer PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    began double precision NOT NULL
);
