-- A name that a side gives to a second thing: the write that brought it waits for people (`clashes`), unless the first thing is gone. Once
-- people have had it sent again, the pair that it brings stands in place of those that it clashes with.

ALTER TABLE banyan.journal ADD COLUMN clashes boolean NOT NULL DEFAULT false;
ALTER TABLE banyan.journal_id ADD COLUMN gone boolean NOT NULL DEFAULT false;   -- both sides have deleted it
