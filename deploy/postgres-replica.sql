-- On the primary, before its replica is copied: psql -v ON_ERROR_STOP=1 -f postgres-replica.sql, as the server's superuser.
-- Then: \password allchat_replica, and in pg_hba.conf: hostssl replication allchat_replica ADDRESS/32 scram-sha-256
CREATE ROLE allchat_replica REPLICATION LOGIN CONNECTION LIMIT 6;
-- What a replica that is away for long has not read yet must not fill the primary's disk: it is copied anew.
ALTER SYSTEM SET max_slot_wal_keep_size = '10GB';
SELECT pg_reload_conf();
