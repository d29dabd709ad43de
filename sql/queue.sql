--
-- The queue of deletions: rows, rights, errors.  Nothing is listening here.
--
\set SHOW_CONTEXT never
SET s3store.worker = off;
SET s3store.max_attempts = 1;
SET s3store.access_key_id = 'id';
SET s3store.secret_access_key = 'secret';
SET s3store.endpoints = '{"s3": {"endpoint_url": "http://127.0.0.1:1", "buckets": "b, c"},
	"safe": {"endpoint_url": "http://127.0.0.1:1", "read_only": true}}';
CREATE VIEW queue AS
SELECT url, version_id, state, next_at - queued_at AS delay, attempts, relation, attribute, owner <> current_user::regrole AS other
  FROM s3_queue ORDER BY id;

-- a deletion is the transaction's
SELECT s3_delete_later('s3://b/rolled back') > 0 AS queued;
BEGIN;
SELECT s3_delete_later('s3://b/never') > 0 AS queued;
ROLLBACK;
BEGIN;
SELECT s3_delete_later('s3://b/kept') > 0 AS queued;
SAVEPOINT s;
SELECT s3_delete_later('s3://b/not kept') > 0 AS queued;
ROLLBACK TO s;
COMMIT;
SELECT url, state FROM queue;

-- no file, no deletion
SELECT s3_delete_later(NULL), s3_delete_later(''), s3_delete_later('-');

-- delays
SELECT s3_delete_later('s3://b/delayed', '7 days') > 0 AS queued;
SET s3store.delete_delay = '1h';
SELECT s3_delete_later('s3://b/by setting') > 0 AS queued;
RESET s3store.delete_delay;
SELECT url, date_trunc('minute', delay + '30 s') AS delay FROM queue WHERE url IN ('s3://b/delayed', 's3://b/by setting');
SELECT s3_delete_later('s3://b/k', '-1 second');
\set VERBOSITY sqlstate
SET s3store.delete_delay = -1;
\set VERBOSITY default

-- versions
SELECT s3_delete_later('s3://b/versioned', version_id => 'v1') > 0 AS queued;
SELECT url, version_id FROM queue WHERE version_id IS NOT NULL;
SELECT s3_delete_later('s3://b/versioned', version_id => '');

-- what is no object
SELECT s3_delete_later('b/k');
SELECT s3_delete_later('s3://b/');
SELECT s3_delete_later('other://b/k');
SELECT s3_delete_later('s3://d/k');
SELECT s3_delete_later('safe://b/k');
SET s3store.session_read_only = on;
SELECT s3_delete_later('s3://b/k');
RESET s3store.session_read_only;
BEGIN READ ONLY;
SELECT s3_delete_later('s3://b/k');
ROLLBACK;

-- a put of a URL makes its deletions void, though nobody answers it
BEGIN;
SELECT s3_delete_later('S3://b/put') > 0 AS queued;
SAVEPOINT s;
SELECT s3_put('s3://b/put', 'x'::text, overwrite => true);
ROLLBACK TO s;
SELECT url, state FROM queue WHERE url = 'S3://b/put';
-- the error takes that back; without one, it stays
DO $$ BEGIN PERFORM s3_copy('s3://b/source', 's3://b/put'); EXCEPTION WHEN connection_failure THEN END $$;
SELECT url, state FROM queue WHERE url = 'S3://b/put';
COMMIT;

-- the dead, and the retried
SELECT count(*) FROM s3_queue;
UPDATE s3_deletion SET dead = true, attempts = 20 WHERE url IN ('s3://b/kept', 's3://b/delayed');
SELECT url, state, attempts FROM queue WHERE state = 'dead';
SELECT s3_queue_retry(id) FROM s3_queue WHERE url = 's3://b/kept';
SELECT url, state, attempts FROM queue WHERE state = 'dead';
SELECT s3_queue_retry();
SELECT s3_queue_retry(0);
SELECT url, state, attempts, delay < '1 min' AS due FROM queue WHERE url IN ('s3://b/kept', 's3://b/delayed');
SELECT s3_queue_retry(id) FROM s3_queue WHERE url = 's3://b/by setting';

-- the states; what is under way is not retried
BEGIN;
UPDATE s3_deletion SET state = 'd' WHERE url = 's3://b/kept';
UPDATE s3_deletion SET state = 'g', gone_at = now() WHERE url = 's3://b/delayed';
UPDATE s3_deletion SET void = true WHERE url = 's3://b/by setting';
UPDATE s3_deletion SET dead = true WHERE url = 's3://b/versioned';
SELECT url, state, s3_queue_retry(id) FROM s3_queue WHERE url <> 'S3://b/put' ORDER BY id;
ROLLBACK;

-- draining, where nobody listens
CALL s3_drain(0);
CALL s3_drain(2);
SELECT count(*), min(attempts), max(attempts) FROM s3_queue WHERE last_error IS NOT NULL;
SELECT last_error ~ '^could not connect to server' AS told, next_at > now() AS later FROM s3_queue WHERE last_error IS NOT NULL LIMIT 1;
SET s3store.delete_max_attempts = 1;
CALL s3_drain(1);
SELECT count(*) FROM s3_queue WHERE state = 'dead';
RESET s3store.delete_max_attempts;
BEGIN;
CALL s3_drain();
ROLLBACK;
CREATE FUNCTION drain() RETURNS void LANGUAGE plpgsql AS $$ BEGIN CALL s3_drain(); END $$;
SELECT drain();
DROP FUNCTION drain;
BEGIN READ ONLY;
CALL s3_drain();
ROLLBACK;

-- read-only storages let their deletions wait, and that is no attempt
DELETE FROM s3_deletion;
SELECT s3_delete_later('s3://b/k') > 0 AS queued;
SET s3store.read_only = on;
CALL s3_drain();
SELECT state, attempts, last_error FROM s3_queue;
RESET s3store.read_only;

-- a scheme that has gone
SELECT s3_queue_retry(id) FROM s3_queue;
SET s3store.endpoints = '{"other": {"endpoint_url": "http://127.0.0.1:1"}}';
CALL s3_drain();
SELECT state, attempts, last_error FROM s3_queue;
-- or leads elsewhere, or may not use the bucket any more
SELECT s3_queue_retry(id) FROM s3_queue;
SET s3store.endpoints = '{"s3": {"endpoint_url": "http://127.0.0.1:2"}}';
CALL s3_drain();
SELECT state, attempts, last_error FROM s3_queue;
SELECT s3_queue_retry(id) FROM s3_queue;
SET s3store.endpoints = '{"s3": {"endpoint_url": "http://127.0.0.1:1", "buckets": "c"}}';
CALL s3_drain();
SELECT state, attempts, last_error FROM s3_queue;
-- while nobody could look at an object of which a worker that is gone may have deleted it, that stays so
UPDATE s3_deletion SET state = 'd', unsure_until = now();
CALL s3_drain();
SELECT state, attempts, last_error FROM s3_queue;
UPDATE s3_deletion SET state = 'p', unsure_until = NULL;
SET s3store.endpoints = '{"other": {"endpoint_url": "http://127.0.0.1:1"}}';

-- the token
SELECT s3_queue_retry(id) FROM s3_queue;
SELECT s3_set_writer_token('');
SELECT s3_set_writer_token('mine');
CALL s3_drain();
SET s3store.writer_token = 'mine';
SELECT count(*) FROM s3_queue WHERE state = 'pending' AND attempts = 0;
UPDATE s3_writer SET database = 1;
CALL s3_drain();
SELECT s3_set_writer_token(NULL);
CALL s3_drain();

-- a session may have any isolation level
SELECT s3_queue_retry(id) FROM s3_queue;
SET default_transaction_isolation = serializable;
CALL s3_drain();
RESET default_transaction_isolation;

-- rights
SET s3store.endpoints = '{"s3": {"endpoint_url": "http://127.0.0.1:1"}}';
CREATE ROLE regress_s3_none;
CREATE ROLE regress_s3_writer IN ROLE s3store_write;
CREATE ROLE regress_s3_admin IN ROLE s3store_admin;
DELETE FROM s3_deletion;
SET ROLE regress_s3_none;
SELECT s3_delete_later('s3://b/k');
SELECT * FROM s3_queue;
SELECT s3_queue_retry();
SELECT s3_set_writer_token('mine');
CALL s3_drain();
SET ROLE regress_s3_writer;
SELECT s3_delete_later('s3://b/k') > 0 AS queued;
SELECT * FROM s3_queue;
SELECT * FROM s3_deletion;
INSERT INTO s3_deletion DEFAULT VALUES;
SELECT nextval('s3_deletion_id');
CALL s3_drain();
SET ROLE regress_s3_admin;
SELECT url, owner FROM s3_queue;
SELECT * FROM s3_deletion;
SELECT * FROM s3_writer;
SELECT s3_delete_later('s3://b/k');
SELECT s3_queue_retry();
RESET ROLE;

-- who queued it has lost the right; no search_path of a caller is trusted
REVOKE s3store_write FROM regress_s3_writer;
CREATE SCHEMA regress_s3_trap AUTHORIZATION regress_s3_admin;
SET ROLE regress_s3_admin;
CREATE FUNCTION regress_s3_trap.clock_timestamp() RETURNS timestamptz LANGUAGE plpgsql
AS $$ BEGIN RAISE 'trapped as %', current_user; END $$;
SET search_path = regress_s3_trap, pg_catalog, public;
CALL s3_drain();
SELECT s3_queue_retry();
RESET search_path;
SELECT attempts, last_error FROM s3_queue;
RESET ROLE;
-- or is gone
DROP ROLE regress_s3_writer;
SELECT s3_queue_retry(id) FROM s3_queue;
CALL s3_drain();
SELECT attempts, last_error FROM s3_queue;

-- what replication brings is dropped
SET session_replication_role = replica;
INSERT INTO s3_deletion VALUES (1, 1, 1, now(), now(), NULL, NULL, NULL, NULL, NULL, 10, 0, NULL, 'p', 'd', false, false, 's3://b/replicated', NULL, NULL, NULL);
DELETE FROM s3_deletion;
RESET session_replication_role;
SELECT count(*) FROM s3_deletion;
SELECT s3_ignore_replicated();

-- an index that is not ours would lack rows
CREATE INDEX regress_s3_index ON s3_deletion (url);
SELECT s3_delete_later('s3://b/k');
DROP INDEX regress_s3_index;

-- nor does a library know the columns of another version
BEGIN;
ALTER TABLE s3_deletion ADD COLUMN later int DEFAULT 1 NOT NULL;
SELECT s3_delete_later('s3://b/k');
ROLLBACK;

-- neither do dumps have its rows; the token they have
SELECT c.oid::regclass, condition FROM pg_extension e, unnest(extconfig, extcondition) AS u(oid, condition), pg_class c
 WHERE extname = 's3store' AND c.oid = u.oid;

-- dropped and created again in one session
DROP VIEW queue;
DROP EXTENSION s3store;
LOAD 's3store';
CREATE EXTENSION s3store;
SELECT s3_delete_later('s3://b/k');
SELECT url FROM s3_queue;
DROP SCHEMA regress_s3_trap CASCADE;
DROP ROLE regress_s3_none, regress_s3_admin;
DELETE FROM s3_deletion;
