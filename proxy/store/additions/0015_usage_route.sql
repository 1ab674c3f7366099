-- Since when each route is known for what it takes: of the time before, its usage says nothing.

CREATE TABLE banyan.usage_route (
    route text PRIMARY KEY,
    takes text NOT NULL,
    since double precision NOT NULL
);
