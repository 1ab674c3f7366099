-- The store of all of new's APIs.
CREATE TABLE accounts (
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
    copied_at timestamptz, -- from the other side, when it came from there
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE login_sessions (
    sid_hash text PRIMARY KEY,
    client_id text NOT NULL,
    state text NOT NULL,
    redirect_uri text NOT NULL,
    account text,
    code_hash text
);
CREATE TABLE activities (account text NOT NULL, what text NOT NULL, at timestamptz NOT NULL DEFAULT now());
CREATE ROLE service LOGIN;
CREATE ROLE reader LOGIN;
GRANT SELECT, INSERT, UPDATE ON accounts TO service;
GRANT SELECT, INSERT, UPDATE, DELETE ON login_sessions TO service;
GRANT SELECT, INSERT ON activities TO service;
GRANT SELECT (id, mail, name, kana, phone, birthday, zip, prefecture, line, building, verified, updated_at)
    ON accounts TO reader;
CREATE DATABASE banyan;
