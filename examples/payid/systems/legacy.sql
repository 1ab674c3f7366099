-- The wallet service's own store, at the other company.
CREATE TABLE wallet_users (
    id text PRIMARY KEY,
    mail text NOT NULL UNIQUE,
    password_hash text NOT NULL,
    name text NOT NULL,
    kana text,
    phone text,
    birthday text,
    zip text NOT NULL,
    prefecture text NOT NULL,
    line text NOT NULL,
    building text,
    verified boolean NOT NULL,
    verification_hash text NOT NULL,
    rank text NOT NULL DEFAULT 'regular', -- of a bonus programme that has ended
    mail_magazine boolean NOT NULL DEFAULT false, -- of a magazine that nobody writes any more
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE oauth_sessions (
    sid_hash text PRIMARY KEY,
    client_id text NOT NULL,
    state text NOT NULL,
    redirect_uri text NOT NULL,
    account text,
    code_hash text
);
CREATE ROLE wallet LOGIN;
CREATE ROLE reader LOGIN;
GRANT SELECT, INSERT, UPDATE ON wallet_users TO wallet;
GRANT SELECT, INSERT, UPDATE, DELETE ON oauth_sessions TO wallet;
GRANT SELECT (id, mail, name, kana, phone, birthday, zip, prefecture, line, building, verified, updated_at)
    ON wallet_users TO reader;
