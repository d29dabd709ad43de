--
-- Objects that follow their rows: the trigger function s3_manage
--
\set SHOW_CONTEXT never
SET s3store.worker = off;
SET s3store.max_attempts = 1;
SET s3store.request_timeout = '100ms';
SET s3store.delete_grace = '100ms';
-- nothing here may reach the network: this port is closed
SET s3store.endpoints = '{"s3": {"endpoint_url": "http://127.0.0.1:1"}}';
CREATE VIEW queue AS
SELECT url, date_trunc('minute', next_at - queued_at + '30 s') AS delay, relation, attribute, owner
  FROM s3_queue ORDER BY id;
CREATE ROLE regress_s3_owner IN ROLE s3store_write;
CREATE ROLE regress_s3_writer;
CREATE SCHEMA regress_s3 AUTHORIZATION regress_s3_owner;
GRANT USAGE ON SCHEMA regress_s3 TO regress_s3_writer;
SET search_path = regress_s3, public;

SET ROLE regress_s3_owner;
CREATE TABLE car (id int PRIMARY KEY, photo s3url, manual varchar(100));
CREATE TRIGGER photo AFTER INSERT OR DELETE OR UPDATE OF photo ON car
	FOR EACH ROW EXECUTE FUNCTION s3_manage('photo');
CREATE TRIGGER manual AFTER INSERT OR DELETE OR UPDATE OF manual ON car
	FOR EACH ROW EXECUTE FUNCTION s3_manage('manual', 'delay=7 days');
CREATE TRIGGER photos BEFORE TRUNCATE ON car
	FOR EACH STATEMENT EXECUTE FUNCTION s3_manage('photo');
GRANT ALL ON car TO regress_s3_writer;
RESET ROLE;

-- a writer of rows has no role, and sees nothing of it
SET ROLE regress_s3_writer;
INSERT INTO car VALUES (1, 's3://b/1', 's3://b/1.pdf'), (2, 's3://b/2', ''), (3, '-', NULL), (4, 's3://b/4', '-');
DELETE FROM car WHERE id <= 2;
UPDATE car SET photo = 's3://b/4 new' WHERE id = 4;
UPDATE car SET photo = photo, manual = 's3://b/4.pdf';
UPDATE car SET photo = NULL WHERE id = 4;
UPDATE car SET id = 5 WHERE id = 4;
RESET ROLE;
SELECT * FROM queue;

-- what is named again is kept when it is due
UPDATE car SET photo = 's3://b/4' WHERE id = 5;
INSERT INTO car VALUES (6, 's3://b/1', NULL);
CALL s3_drain();
SELECT url FROM queue;

-- INSERT ... ON CONFLICT
INSERT INTO car VALUES (6, 's3://b/6', NULL) ON CONFLICT (id) DO UPDATE SET photo = EXCLUDED.photo;
INSERT INTO car VALUES (6, 's3://b/6', NULL) ON CONFLICT (id) DO UPDATE SET photo = EXCLUDED.photo;
INSERT INTO car VALUES (6, 's3://b/other', NULL) ON CONFLICT DO NOTHING;
SELECT url FROM queue;
-- COPY
COPY car (id, photo) FROM stdin;
10	s3://b/1
11	s3://b/11
\.
SELECT url FROM queue;

-- a rollback to a savepoint
BEGIN;
DELETE FROM car WHERE id = 10;
SAVEPOINT s;
DELETE FROM car WHERE id = 11;
ROLLBACK TO s;
COMMIT;
SELECT url FROM queue;

-- TRUNCATE, and a rollback of it
BEGIN;
TRUNCATE car;
ROLLBACK;
SELECT url FROM queue;
TRUNCATE car;
SELECT url, attribute FROM queue;
DELETE FROM s3_deletion;

-- cascades
CREATE TABLE wheel (car int REFERENCES car ON DELETE CASCADE, photo text);
ALTER TABLE wheel OWNER TO regress_s3_owner;
CREATE TRIGGER photo AFTER DELETE OR UPDATE OF photo ON wheel
	FOR EACH ROW EXECUTE FUNCTION s3_manage('photo');
INSERT INTO car VALUES (1, 's3://b/1', NULL);
INSERT INTO wheel VALUES (1, 's3://b/wheel 1'), (1, 's3://b/wheel 2');
DELETE FROM car;
SELECT url, relation FROM queue;
DELETE FROM s3_deletion;

-- rows take no locks of their own on objects, however many there are
BEGIN;
INSERT INTO car SELECT i, 's3://b/' || i FROM generate_series(1, 1000) i;
DELETE FROM car;
INSERT INTO car VALUES (1, 's3://b/1');
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid();
SELECT count(*) FROM s3_queue;
COMMIT;
DELETE FROM s3_deletion WHERE url <> 's3://b/1';
CALL s3_drain();
SELECT count(*) FROM s3_queue;

-- session_replication_role
SET session_replication_role = replica;
DELETE FROM car;
RESET session_replication_role;
SELECT url FROM queue;

-- partitions: a row that moves is not gone, so the root is asked
CREATE TABLE part (id int, kind text, photo text) PARTITION BY LIST (kind);
ALTER TABLE part OWNER TO regress_s3_owner;
CREATE TABLE part_a (photo text, kind text, id int);
ALTER TABLE part_a OWNER TO regress_s3_owner;
ALTER TABLE part ATTACH PARTITION part_a FOR VALUES IN ('a');
CREATE TABLE part_b PARTITION OF part FOR VALUES IN ('b');
ALTER TABLE part_b OWNER TO regress_s3_owner;
CREATE TRIGGER photo AFTER DELETE OR UPDATE OF photo, kind ON part
	FOR EACH ROW EXECUTE FUNCTION s3_manage('photo');
CREATE TRIGGER photos BEFORE TRUNCATE ON part
	FOR EACH STATEMENT EXECUTE FUNCTION s3_manage('photo');
INSERT INTO part VALUES (1, 'a', 's3://b/moves'), (2, 'b', 's3://b/goes');
UPDATE part SET kind = 'b' WHERE id = 1;
DELETE FROM part WHERE id = 2;
SELECT url, relation, attribute FROM queue;
-- the table says so without asking a server
CALL s3_drain(1);
SELECT url FROM queue;
TRUNCATE part;
SELECT url FROM queue;
DELETE FROM s3_deletion;

-- children, too, and columns of other tables, by another spelling of the URL
CREATE TABLE parent (photo text);
ALTER TABLE parent OWNER TO regress_s3_owner;
CREATE TRIGGER photo AFTER DELETE ON parent FOR EACH ROW EXECUTE FUNCTION s3_manage('photo');
CREATE TABLE child () INHERITS (parent);
ALTER TABLE child OWNER TO regress_s3_owner;
INSERT INTO parent VALUES ('s3://b/child'), ('s3://b/car');
INSERT INTO child VALUES ('s3://b/child');
SET s3store.endpoints = '{"s3": {"endpoint_url": "http://127.0.0.1:1"}, "too": {"endpoint_url": "http://127.0.0.1:1"}}';
INSERT INTO car VALUES (2, 'too://b/car');
DELETE FROM ONLY parent;
SELECT url FROM queue;
CALL s3_drain();
SELECT url FROM queue;
SET s3store.endpoints = '{"s3": {"endpoint_url": "http://127.0.0.1:1"}}';
ALTER TABLE car DISABLE TRIGGER photo;
DELETE FROM car WHERE id = 2;
ALTER TABLE car ENABLE TRIGGER photo;
DROP TABLE parent CASCADE;

-- what is named again: the deletion of a version stays
CREATE TABLE again (photo text);
ALTER TABLE again OWNER TO regress_s3_owner;
CREATE TRIGGER photo AFTER INSERT OR DELETE ON again FOR EACH ROW EXECUTE FUNCTION s3_manage('photo');
INSERT INTO again VALUES ('s3://b/again'), ('s3://b/again');
DELETE FROM again;
UPDATE s3_deletion SET version_id = 'v1' WHERE id = (SELECT min(id) FROM s3_deletion);
INSERT INTO again VALUES ('s3://b/again');
CALL s3_drain();
SELECT url, version_id FROM s3_queue;
-- an object that is gone, in a transaction that began before that
BEGIN ISOLATION LEVEL REPEATABLE READ;
UPDATE s3_deletion SET version_id = NULL, state = 'g', gone_at = clock_timestamp();
\set VERBOSITY sqlstate
INSERT INTO again VALUES ('s3://b/again');
ROLLBACK;
BEGIN;
UPDATE s3_deletion SET version_id = NULL, state = 'g', gone_at = clock_timestamp();
\set VERBOSITY default
INSERT INTO again VALUES ('s3://b/again');
ROLLBACK;
-- and in one that began later
UPDATE s3_deletion SET version_id = NULL, state = 'g', gone_at = clock_timestamp();
INSERT INTO again VALUES ('s3://b/again');
SELECT url, state FROM s3_queue;
DELETE FROM s3_deletion;

-- a column whose type is not that of URLs any more cannot be asked
ALTER TABLE again DISABLE TRIGGER photo;
INSERT INTO again VALUES ('1'), ('s3://b/1');
ALTER TABLE again ENABLE TRIGGER photo;
DELETE FROM again WHERE photo <> '1';
ALTER TABLE again ALTER photo TYPE int USING photo::int;
CALL s3_drain();
SELECT attempts, last_error FROM s3_queue;
DROP TABLE again;
DELETE FROM s3_deletion;

-- the question is asked as the table's owner, and row-level security hides nothing
ALTER TABLE part ENABLE ROW LEVEL SECURITY;
ALTER TABLE part FORCE ROW LEVEL SECURITY;
INSERT INTO part VALUES (1, 'a', 's3://b/hidden'), (2, 'a', 's3://b/hidden');
DELETE FROM part WHERE id = 1;
CALL s3_drain();
SELECT attempts, last_error FROM s3_queue;
ALTER TABLE part DISABLE ROW LEVEL SECURITY;
SELECT s3_queue_retry(id) FROM s3_queue;
CALL s3_drain();
SELECT count(*) FROM s3_queue;
-- what stands in a table for a trap runs as him, not as us
CREATE FUNCTION trap(int) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN true; END $$;
CREATE TABLE owned (photo text);
CREATE INDEX owned_trap ON owned (photo) WHERE trap(1);
ALTER TABLE owned OWNER TO regress_s3_owner;
CREATE TRIGGER photo AFTER DELETE ON owned FOR EACH ROW EXECUTE FUNCTION s3_manage('photo');
INSERT INTO owned VALUES ('s3://b/owned');
DELETE FROM owned;
CREATE OR REPLACE FUNCTION trap(int) RETURNS bool LANGUAGE plpgsql IMMUTABLE
AS $$ BEGIN RAISE 'asked by %, %', current_user, current_setting('row_security'); END $$;
ALTER INDEX owned_trap SET (fillfactor = 90);
CALL s3_drain();
SELECT state, attempts, last_error FROM s3_queue;
DROP INDEX owned_trap;
DELETE FROM s3_deletion;

-- a column that was renamed: the error, and what helps
INSERT INTO owned VALUES ('s3://b/owned');
DELETE FROM owned;
ALTER TABLE owned RENAME photo TO picture;
SELECT url, attribute FROM queue;
INSERT INTO owned VALUES ('s3://b/renamed');
DELETE FROM owned;
CALL s3_drain();
SELECT state, attempts, last_error FROM s3_queue;
CREATE INDEX ON owned (picture);
SELECT s3_unfollow('owned', 'photo'), s3_follow('owned', 'picture');
DELETE FROM owned;
SELECT url, attribute FROM queue;
-- one that is gone, too
ALTER TABLE owned DROP picture;
SELECT s3_queue_retry(id) FROM s3_queue;
CALL s3_drain();
SELECT state, attempts, last_error FROM s3_queue;
-- a table that is gone does not speak for its rows
DROP TABLE owned;
SELECT s3_queue_retry(id) FROM s3_queue;
CALL s3_drain();
SELECT state, relation IS NULL AS no_relation, last_error FROM s3_queue;
DELETE FROM s3_deletion;

-- within
CREATE TABLE own (photo text);
CREATE TRIGGER photo AFTER INSERT OR UPDATE OF photo OR DELETE ON own
	FOR EACH ROW EXECUTE FUNCTION s3_manage('photo', 'within=s3://b/own/');
INSERT INTO own VALUES ('s3://b/own/1'), ('s3://b/own/2'), (''), (NULL);
INSERT INTO own VALUES ('S3://b/own/3');
INSERT INTO own VALUES ('s3://b/other/1');
INSERT INTO own VALUES ('s3://c/own/1');
INSERT INTO own VALUES ('gs://b/own/1');
INSERT INTO own VALUES ('s3://b/own/');
INSERT INTO own VALUES ('s3://b/own/a/../../other/1');
INSERT INTO own VALUES ('s3://b/own/..');
UPDATE own SET photo = 's3://b/other/1' WHERE photo = 's3://b/own/1';
-- named before there was a trigger, or past it
ALTER TABLE own DISABLE TRIGGER photo;
INSERT INTO own VALUES ('s3://b/other/1');
ALTER TABLE own ENABLE TRIGGER photo;
DELETE FROM own;
-- what a terminal would act on is not shown as it is
ALTER TABLE own DISABLE TRIGGER photo;
INSERT INTO own VALUES (E's3://b/other/\x1b[1m\r\n\u009b2J'), (E'\x1b]0;title\x07');
ALTER TABLE own ENABLE TRIGGER photo;
DELETE FROM own;
INSERT INTO own VALUES (E's3://b/other/\x1b[1m');
INSERT INTO own VALUES (E'S3://b/own/\x1b[1m');
INSERT INTO own VALUES (E'\x1b');
SELECT url FROM queue;
DELETE FROM s3_deletion;
DROP TRIGGER photo ON own;

-- errors
CREATE TRIGGER photo AFTER DELETE ON own FOR EACH ROW EXECUTE FUNCTION s3_manage();
INSERT INTO own VALUES ('s3://b/k');
DELETE FROM own;
CREATE FUNCTION try_trigger(arguments text, kind text DEFAULT 'AFTER DELETE ON own FOR EACH ROW') RETURNS text
LANGUAGE plpgsql AS $$
DECLARE message text; detail text; hint text;
BEGIN
	DROP TRIGGER photo ON own;
	EXECUTE format('CREATE TRIGGER photo %s EXECUTE FUNCTION s3_manage(%s)', kind, arguments);
	DELETE FROM own;
	TRUNCATE own;
	RETURN 'good';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS message := MESSAGE_TEXT, detail := PG_EXCEPTION_DETAIL, hint := PG_EXCEPTION_HINT;
	RETURN format('%s: %s|%s|%s', SQLSTATE, message, detail, hint);
END $$;
SELECT try_trigger($$'nothing'$$);
SELECT try_trigger($$'photo', 'often'$$);
SELECT try_trigger($$'photo', E'\x1b[1m'$$);
SELECT try_trigger($$'photo', E'within=s3://b/\x1b[1m'$$);
SELECT try_trigger($$'photo', 'delay=soon'$$);
SELECT try_trigger($$'photo', 'delay=-1 s'$$);
SELECT try_trigger($$'photo', 'within=here'$$);
SELECT try_trigger($$'photo', 'within=s3://b/own'$$);
SELECT try_trigger($$'photo', 'within=s3://b'$$);
SELECT try_trigger($$'ctid'$$);
SELECT try_trigger($$'photo'$$, 'BEFORE DELETE ON own FOR EACH ROW');
SELECT try_trigger($$'photo'$$, 'AFTER DELETE ON own FOR EACH STATEMENT');
SELECT try_trigger($$'photo'$$, 'AFTER TRUNCATE ON own FOR EACH STATEMENT');
ALTER TABLE own ADD number int;
SELECT try_trigger($$'number'$$);
SELECT try_trigger($$'photo', 'exclusive'$$);
SELECT try_trigger($$'photo', 'within=s3://b/', 'delay=1 h'$$);
SELECT url, delay FROM queue;
DELETE FROM s3_deletion;
SELECT s3_manage();

-- malformed URLs
DROP TRIGGER photo ON own;
CREATE TRIGGER photo AFTER INSERT OR DELETE ON own FOR EACH ROW EXECUTE FUNCTION s3_manage('photo');
INSERT INTO own VALUES ('no URL');
INSERT INTO own VALUES ('s3://b/');
ALTER TABLE own DISABLE TRIGGER photo;
INSERT INTO own VALUES ('no URL'), ('s3://b/');
ALTER TABLE own ENABLE TRIGGER photo;
DELETE FROM own;
SELECT count(*) FROM s3_queue;
INSERT INTO own VALUES ('s3://b/k');
SET s3store.session_read_only = on;
DELETE FROM own;
RESET s3store.session_read_only;
-- read_only protects the objects, not the rows: the worker waits for its end
SET s3store.read_only = on;
DELETE FROM own;
RESET s3store.read_only;
SELECT url FROM queue;
DELETE FROM s3_deletion;

-- s3_follow and s3_unfollow
SET ROLE regress_s3_owner;
CREATE TABLE boat (id int, photo s3url, "Sail plan" varchar(100), length int);
CREATE VIEW triggers AS
SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = 'boat'::regclass ORDER BY tgname COLLATE "C";
SELECT s3_follow('boat', 'photo');
CREATE INDEX ON boat (id, photo);
CREATE INDEX ON boat ("Sail plan") WHERE id > 0;
SELECT s3_follow('boat', 'Sail plan', '7 days', 's3://b/plans/');
SELECT * FROM triggers;
RESET ROLE;
INSERT INTO boat VALUES (1, 's3://b/boat', 's3://b/plans/1');
INSERT INTO boat VALUES (2, 's3://b/boat', 's3://b/1');
UPDATE boat SET photo = NULL;
TRUNCATE boat;
SELECT url, delay, relation, attribute FROM queue;
DELETE FROM s3_deletion;
-- what a BEFORE trigger changes, though the UPDATE names another column
CREATE FUNCTION repaint() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN NEW.photo := 's3://b/painted ' || NEW.length; RETURN NEW; END $$;
CREATE TRIGGER repaint BEFORE INSERT OR UPDATE ON boat FOR EACH ROW EXECUTE FUNCTION repaint();
INSERT INTO boat (id, length) VALUES (1, 1);
UPDATE boat SET length = 2;
SELECT url FROM queue;
DROP TRIGGER repaint ON boat;
DROP FUNCTION repaint();
TRUNCATE boat;
DELETE FROM s3_deletion;
SET ROLE regress_s3_owner;
SELECT s3_follow('boat', 'photo');
SELECT s3_unfollow('boat', 'photo');
SELECT s3_unfollow('boat', 'Sail plan');
SELECT * FROM triggers;
-- those that were written by hand go, too
CREATE TRIGGER mine AFTER DELETE ON boat FOR EACH ROW EXECUTE FUNCTION s3_manage('photo');
SELECT s3_unfollow('boat', 'photo');
SELECT s3_unfollow('boat', 'photo');
-- with an index there is no warning
DROP INDEX boat_id_photo_idx;
CREATE INDEX ON boat (photo, id);
-- what is in the column must be within
INSERT INTO boat VALUES (1, ''), (2, '-'), (3, NULL), (4, 's3://b/boats/4'), (5, 's3://b/5');
SELECT s3_follow('boat', 'photo', within => 's3://b/boats/');
DELETE FROM boat WHERE id = 5;
SELECT s3_follow('boat', 'photo', '0', within => 's3://b/boats/');
SELECT s3_unfollow('boat', 'photo');
INSERT INTO boat VALUES (5, E's3://b/\x1b[1m');
SELECT s3_follow('boat', 'photo', within => 's3://b/boats/');
DELETE FROM boat WHERE id = 5;
-- bad arguments
SELECT s3_follow('boat', 'name');
SELECT s3_follow('boat', 'ctid');
SELECT s3_follow('boat', 'length');
SELECT s3_follow('boat', 'photo', '-1 second');
SELECT s3_follow('boat', 'photo', within => 's3://b/boats');
SELECT s3_follow('boat', 'photo', within => 'here');
SELECT s3_follow(NULL, 'photo');
SELECT s3_follow('boat', NULL);
SELECT s3_unfollow(NULL, 'photo');
SELECT s3_unfollow('boat', NULL);
\set VERBOSITY sqlstate
SELECT s3_follow('boat', NULL);
SELECT s3_unfollow('boat', 'length');
\set VERBOSITY default
SELECT * FROM triggers;
-- what other sessions cannot ask, or nobody
CREATE TEMP TABLE temporary (photo text);
SELECT s3_follow('temporary', 'photo');
DROP TABLE temporary;
CREATE VIEW seen AS SELECT photo FROM boat;
SELECT s3_follow('seen', 'photo');
RESET ROLE;
CREATE FOREIGN DATA WRAPPER regress_s3_fdw;
CREATE SERVER regress_s3_server FOREIGN DATA WRAPPER regress_s3_fdw;
CREATE FOREIGN TABLE elsewhere (photo text) SERVER regress_s3_server;
ALTER TABLE elsewhere OWNER TO regress_s3_owner;
SELECT s3_follow('elsewhere', 'photo');
DROP FOREIGN DATA WRAPPER regress_s3_fdw CASCADE;
-- partitions
SET ROLE regress_s3_owner;
CREATE INDEX ON part (photo);
SELECT s3_follow('part', 'photo');
SELECT tgrelid::regclass, tgname FROM pg_trigger WHERE tgname LIKE 's3%' ORDER BY tgrelid::regclass::text, tgname;
SELECT s3_unfollow('part', 'photo');
SELECT tgrelid::regclass, tgname FROM pg_trigger WHERE tgname LIKE 's3%';
RESET ROLE;

-- the table's present owner counts, whoever it was when the row went
CREATE ROLE regress_s3_gone IN ROLE s3store_write;
CREATE TABLE handed (photo text);
CREATE INDEX ON handed (photo);
ALTER TABLE handed OWNER TO regress_s3_gone;
GRANT ALL ON SCHEMA regress_s3 TO regress_s3_gone;
SELECT s3_follow('handed', 'photo');
INSERT INTO handed VALUES ('s3://b/handed');
DELETE FROM handed;
REVOKE s3store_write FROM regress_s3_gone;
CALL s3_drain();
SELECT owner, state, last_error ~ 'privileges' AS refused FROM s3_queue;
REASSIGN OWNED BY regress_s3_gone TO regress_s3_owner;
DROP OWNED BY regress_s3_gone;
DROP ROLE regress_s3_gone;
SELECT s3_queue_retry(id) FROM s3_queue;
CALL s3_drain();
SELECT owner, state, last_error ~ 'privileges' AS refused FROM s3_queue;
DELETE FROM s3_deletion;
-- one that is not of a table is its owner's, who may be gone
CREATE ROLE regress_s3_gone IN ROLE s3store_write;
SET ROLE regress_s3_gone;
SELECT s3_delete_later('s3://b/later') > 0 AS queued;
RESET ROLE;
DROP ROLE regress_s3_gone;
CALL s3_drain();
SELECT owner::text ~ '^\d+$' AS gone, state, last_error ~ 'privileges' AS refused FROM s3_queue;
DELETE FROM s3_deletion;
DROP TABLE handed;

-- neither by a role without the right, nor for a table of one
SET ROLE regress_s3_writer;
CREATE TEMP TABLE mine (photo text);
CREATE TRIGGER photo AFTER DELETE ON mine FOR EACH ROW EXECUTE FUNCTION s3_manage('photo');
RESET ROLE;
CREATE TRIGGER photo AFTER DELETE ON mine FOR EACH ROW EXECUTE FUNCTION s3_manage('photo');
INSERT INTO mine VALUES ('s3://b/of somebody else');
SET ROLE regress_s3_writer;
DELETE FROM mine;
RESET ROLE;
DELETE FROM mine;
GRANT s3store_write TO regress_s3_writer;
DELETE FROM mine;
SELECT url FROM queue;
REVOKE s3store_write FROM regress_s3_owner;
DELETE FROM car;
INSERT INTO car VALUES (1, 's3://b/1', NULL);

-- a table whose rows are on other nodes, as Citus notes it
CREATE TABLE spread (photo text);
SET allow_system_table_mods = on;
CREATE TABLE pg_catalog.pg_dist_partition (logicalrelid pg_catalog.regclass);
INSERT INTO pg_dist_partition VALUES ('spread');
SELECT s3_follow('spread', 'photo');
CREATE TRIGGER photo AFTER DELETE ON spread FOR EACH ROW EXECUTE FUNCTION s3_manage('photo');
INSERT INTO spread VALUES ('s3://b/spread');
DELETE FROM spread;
DELETE FROM pg_dist_partition;
DELETE FROM spread;
SELECT url FROM queue;
DROP TABLE pg_dist_partition, spread;
RESET allow_system_table_mods;
DELETE FROM s3_deletion;

RESET search_path;
DROP VIEW queue;
DROP TABLE mine;
SET client_min_messages = warning;
DROP SCHEMA regress_s3 CASCADE;
DROP ROLE regress_s3_owner, regress_s3_writer;
