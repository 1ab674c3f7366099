-- What a write's answer calls what it has made (`made`), and what a request calls what it is about (`needs`): a write waits on its way to
-- the other side until that has made what it needs, and calls it by a name of its own.

ALTER TABLE banyan.journal
    ADD COLUMN made text[] NOT NULL DEFAULT '{}',
    ADD COLUMN needs text[] NOT NULL DEFAULT '{}';
CREATE INDEX journal_made ON banyan.journal USING gin (made) WHERE made <> '{}';
