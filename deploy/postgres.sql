-- Roles and database for an index in PostgreSQL: psql -v ON_ERROR_STOP=1 -f postgres.sql, as the server's superuser.
-- Passwords: \password allchat_writer, \password allchat_reader; then PGPASSFILE on each machine.
CREATE ROLE allchat_writer LOGIN;
CREATE ROLE allchat_reader LOGIN CONNECTION LIMIT 400;
CREATE DATABASE allchat OWNER allchat_writer;
REVOKE ALL ON DATABASE allchat FROM PUBLIC;
GRANT CONNECT ON DATABASE allchat TO allchat_reader;
\connect allchat
CREATE EXTENSION vector;
