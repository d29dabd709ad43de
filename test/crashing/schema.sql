-- The tables of test/crash.  Each column that names objects has one beside it
-- for the digest of what was put there.
CREATE EXTENSION s3store;

CREATE TABLE doc (id bigserial PRIMARY KEY, photo text, digest text);
CREATE INDEX ON doc (photo);
SELECT s3_follow('doc', 'photo');

-- By hand, without the trigger for TRUNCATE
CREATE TABLE person (id bigserial PRIMARY KEY, avatar text, avatar_digest text, upload text, upload_digest text);
CREATE INDEX ON person (avatar);
CREATE INDEX ON person (upload);
CREATE TRIGGER avatar AFTER INSERT OR UPDATE OR DELETE ON person
    FOR EACH ROW EXECUTE FUNCTION s3_manage('avatar');
CREATE TRIGGER upload AFTER INSERT OR UPDATE OR DELETE ON person
    FOR EACH ROW EXECUTE FUNCTION s3_manage('upload');

CREATE TABLE event (id bigserial, part int DEFAULT floor(random() * 3), photo text, digest text)
    PARTITION BY LIST (part);
CREATE TABLE event0 PARTITION OF event FOR VALUES IN (0);
CREATE TABLE event1 PARTITION OF event FOR VALUES IN (1);
CREATE TABLE event2 PARTITION OF event FOR VALUES IN (2);
CREATE INDEX ON event (id);
CREATE INDEX ON event (photo);
SELECT s3_follow('event', 'photo');

CREATE TABLE place (id bigserial PRIMARY KEY, photo text, digest text);
CREATE TABLE town (people int) INHERITS (place);
CREATE INDEX ON place (photo);
CREATE INDEX ON town (photo);
SELECT s3_follow('place', 'photo');
SELECT s3_follow('town', 'photo');

CREATE TABLE archive (id bigserial PRIMARY KEY, photo text, digest text);
CREATE INDEX ON archive (photo);
SELECT s3_follow('archive', 'photo');

CREATE TABLE scratch (id bigserial PRIMARY KEY, photo text, digest text);
CREATE INDEX ON scratch (photo);
SELECT s3_follow('scratch', 'photo');

CREATE TABLE ticket (id bigserial PRIMARY KEY, scan text, digest text);
CREATE INDEX ON ticket (scan);
SELECT s3_follow('ticket', 'scan', within => 's3://plain/own/');

-- One row for each page; it is locked by who puts the page
CREATE TABLE page (id text PRIMARY KEY, photo text, digest text);
CREATE INDEX ON page (photo);
SELECT s3_follow('page', 'photo');

-- Names at the commit what its transaction has read before
CREATE TABLE late (photo text, digest text);
CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO archive (photo, digest) VALUES (NEW.photo, NEW.digest);
    DELETE FROM late WHERE photo = NEW.photo;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON late DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION late();

-- What was put by transactions that have committed
CREATE TABLE history (object text, digest text);
