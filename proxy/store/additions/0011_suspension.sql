-- Subjects who may not call, however good their tokens are.

CREATE TABLE banyan.suspension (
    subject text PRIMARY KEY,
    by text NOT NULL,
    since double precision NOT NULL,
    reason text NOT NULL
);
