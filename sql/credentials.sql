--
-- Access keys: where they come from, and the credentials file
--
\set SHOW_CONTEXT never
SELECT current_user AS admin \gset
CREATE ROLE regress_s3_reader LOGIN IN ROLE s3store_read;

-- The file stands in the data directory, which is the server's user's own.
SELECT current_setting('data_directory') || '/s3store_regress' AS dir \gset
SELECT :'dir' || '/credentials' AS file \gset
CREATE FUNCTION shell(command text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('COPY (SELECT 1 WHERE false) TO PROGRAM %L',
				   format('cd %L && umask 077 && %s',
						  current_setting('data_directory'), command));
END
$$;
-- Writes the file, by way of printf, as a new one: it differs whatever the clock
-- says.
CREATE FUNCTION write_file(content text) RETURNS void LANGUAGE sql
AS $$ SELECT shell('printf ''' || content || ''' > s3store_regress/new && mv s3store_regress/new s3store_regress/credentials') $$;
SELECT shell('rm -rf s3store_regress && mkdir s3store_regress');

-- Who signs: a link shows the id, and the first digits of the signature stand
-- for the secret.
CREATE FUNCTION signer(url text) RETURNS text LANGUAGE sql
AS $$ SELECT concat_ws(' ', substring(link FROM 'X-Amz-Credential=([^%&]*)'),
					   substring(link FROM 'X-Amz-Signature=(.{8})'),
					   'token ' || substring(link FROM 'X-Amz-Security-Token=([^&]*)'))
	  FROM s3_presign(url, 'get_object', '1 h', NULL, '2026-01-01 00:00 UTC') AS link $$;
-- What is wrong, without the path of the data directory.
CREATE FUNCTION try_signer(url text) RETURNS TABLE (code text, message text, detail text, hint text)
LANGUAGE plpgsql AS $$
BEGIN
	code := '00000';
	message := signer(url);
	RETURN NEXT;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS code := RETURNED_SQLSTATE, message := MESSAGE_TEXT,
		detail := PG_EXCEPTION_DETAIL, hint := PG_EXCEPTION_HINT;
	message := replace(message, current_setting('data_directory') || '/', '');
	RETURN NEXT;
END
$$;
\x on
\pset format unaligned

--
-- The sources, the first one that has any
--
SET s3store.endpoints = '{"s3": {},
	"own": {"access_key_id": "entry", "secret_access_key": "secret"},
	"token": {"access_key_id": "entry", "secret_access_key": "secret", "session_token": "to/ken"},
	"no-secret": {"access_key_id": "entry"},
	"no-id": {"secret_access_key": "secret", "session_token": "token"},
	"only-token": {"session_token": "token"},
	"empty": {"access_key_id": "", "secret_access_key": "", "session_token": ""},
	"profile": {"profile": "other"}}';
SELECT * FROM try_signer('s3://b/k');
SELECT * FROM try_signer('own://b/k');
SELECT * FROM try_signer('token://b/k');
SELECT * FROM try_signer('no-secret://b/k');
SELECT * FROM try_signer('no-id://b/k');
SELECT * FROM try_signer('only-token://b/k');
SELECT * FROM try_signer('empty://b/k');
SELECT * FROM try_signer('profile://b/k');

-- the settings; an entry's half is not made whole by them
SET s3store.access_key_id = 'setting';
SELECT * FROM try_signer('s3://b/k');
SET s3store.secret_access_key = 'secret';
SELECT * FROM try_signer('s3://b/k');
SET s3store.secret_access_key = 'another secret';
SET s3store.secret_access_key = 'another/secret';
SELECT * FROM try_signer('s3://b/k');
SET s3store.session_token = 'token';
SELECT * FROM try_signer('s3://b/k');
SELECT * FROM try_signer('empty://b/k');
SELECT * FROM try_signer('own://b/k');
SELECT * FROM try_signer('no-secret://b/k');
SELECT * FROM try_signer('no-id://b/k');
RESET s3store.access_key_id;
SELECT * FROM try_signer('s3://b/k');
RESET s3store.secret_access_key;
SELECT * FROM try_signer('s3://b/k');
RESET s3store.session_token;

-- a file; keys in the settings go before it, the file of an entry before them
SELECT write_file(E'[default]\naws_access_key_id = file\naws_secret_access_key = secret\n'
				  '[other]\naws_access_key_id = other\naws_secret_access_key = secret\naws_session_token = token\n');
SET s3store.credentials_file = :'file';
SELECT * FROM try_signer('s3://b/k');
SELECT * FROM try_signer('own://b/k');
SELECT * FROM try_signer('profile://b/k');
SELECT * FROM try_signer('no-secret://b/k');
SET s3store.profile = 'other';
SELECT * FROM try_signer('s3://b/k');
SELECT * FROM s3_credentials('s3');
SELECT * FROM s3_credentials('profile');
SELECT * FROM s3_credentials('own');
SET s3store.profile = 'missing';
SELECT * FROM try_signer('s3://b/k');
SELECT * FROM try_signer('profile://b/k');
RESET s3store.profile;
SET s3store.access_key_id = 'setting';
SET s3store.secret_access_key = 'secret';
SELECT * FROM try_signer('s3://b/k');
SELECT * FROM try_signer('profile://b/k');
RESET s3store.access_key_id;
RESET s3store.secret_access_key;
SELECT set_config('s3store.endpoints', format('{"s3": {}, "file": {"credentials_file": %s},
	"both": {"credentials_file": %s, "profile": "other"}, "none": {"credentials_file": ""}}',
	to_json(:'file'::text), to_json(:'file'::text)), false) IS NOT NULL AS set;
RESET s3store.credentials_file;
SELECT * FROM try_signer('file://b/k');
SELECT * FROM try_signer('both://b/k');
SELECT * FROM try_signer('s3://b/k');
SET s3store.credentials_file = :'file';
SELECT * FROM try_signer('none://b/k');
SET s3store.endpoints = '{"s3": {}, "other": {"profile": "other"}}';

-- who uses the keys need not see them
SET s3store.secret_access_key = '';
SET ROLE regress_s3_reader;
SELECT signer('s3://b/k');
RESET ROLE;

--
-- The format of the file
--
\c -
\x on
\pset format unaligned
SET s3store.endpoints = '{"s3": {}, "other": {"profile": "other"}, "blank": {"profile": "my profile"}}';
SET s3store.credentials_file = :'file';
SELECT write_file(E'# comment\n; comment\n\n  # comment\n[ default ]\r\n'
				  '  aws_access_key_id=id\r\nAWS_Secret_Access_Key\t=\tse#cr=et;\t\r\n'
				  'region = eu-central-1\ns3 =\n  max_concurrent_requests = 20\n  any thing\n'
				  'aws_session_token =\n'
				  '[my profile]\naws_access_key_id = my\naws_secret_access_key = secret\n'
				  '[other]\n[default ]\n[other]\naws_access_key_id = other\naws_secret_access_key = last');
SELECT * FROM try_signer('s3://b/k');
SELECT * FROM try_signer('blank://b/k');
SELECT * FROM try_signer('other://b/k');
-- from here on each file is wrong, and the session has seen no good one
CREATE FUNCTION try_file(content text) RETURNS TABLE (code text, message text, detail text, hint text)
LANGUAGE sql AS $$ SELECT write_file(content); SELECT * FROM try_signer('s3://b/k') $$;
SELECT shell('rm s3store_regress/credentials');
\c -
\x on
\pset format unaligned
SET s3store.credentials_file = :'file';
SELECT * FROM try_signer('s3://b/k');
SELECT * FROM try_file('');
SELECT * FROM try_file(E'aws_access_key_id = id\n');
SELECT * FROM try_file(E'[other]\naws_access_key_id = id\naws_secret_access_key = secret\n');
SELECT * FROM try_file(E'[default\naws_access_key_id = id\naws_secret_access_key = secret\n');
SELECT * FROM try_file(E'[default]\nAKIAIOSFODNN7EXAMPLE\n');
SELECT * FROM try_file(E'[default]\naws_access_key_id = id\n');
SELECT * FROM try_file(E'[default]\naws_secret_access_key = secret\n');
SELECT * FROM try_file(E'[default]\naws_access_key_id =\naws_secret_access_key = secret\n');
SELECT * FROM try_file(E'[default]\nrole_arn = arn:aws:iam::123456789012:role/x\n');
SELECT * FROM try_file(E'[default]\naws_access_key_id = id\naws_secret_access_key = secret\naws_access_key_id = id\n');
SELECT * FROM try_file(E'[default]\naws_access_key_id = id\naws_secret_access_key = secret # no comment\n');
SELECT * FROM try_file(E'[default]\naws_access_key_id = id,\naws_secret_access_key = secret\n');
SELECT * FROM try_file(E'[default]\naws_access_key_id = id\naws_secret_access_key = secr\ret\n');
SELECT * FROM try_file(E'[default]\naws_access_key_id = id\naws_secret_access_key = secr\\000et\n');
SELECT * FROM try_file(E'[default]\naws_access_key_id = id\naws_secret_access_key = secr\\303\\251t\n');
SELECT * FROM try_file(format(E'[default]\naws_access_key_id = id\naws_secret_access_key = %s\n', repeat('x', 256)));
SELECT * FROM try_file(format(E'[default]\naws_access_key_id = %s\naws_secret_access_key = secret\n', repeat('x', 256)));
-- 64 kB, and a byte more
SELECT * FROM try_file(format('#%%0%sd\n', 65536 - 1));
SELECT * FROM try_file(format('#%%0%sd\n', 65536 - 2));

--
-- The file itself
--
SELECT write_file(E'[default]\naws_access_key_id = id\naws_secret_access_key = secret\n');
SELECT shell('chmod 0640 s3store_regress/credentials');
SELECT * FROM try_signer('s3://b/k');
SELECT shell('chmod 0604 s3store_regress/credentials');
SELECT * FROM try_signer('s3://b/k');
SELECT shell('chmod 0610 s3store_regress/credentials');
SELECT * FROM try_signer('s3://b/k');
SELECT shell('chmod 0000 s3store_regress/credentials');
SELECT * FROM try_signer('s3://b/k');
SELECT shell('chmod 0600 s3store_regress/credentials; mv s3store_regress/credentials s3store_regress/real; ln -s real s3store_regress/credentials');
SELECT * FROM try_signer('s3://b/k');
SELECT shell('rm s3store_regress/credentials; mkdir s3store_regress/credentials');
SELECT * FROM try_signer('s3://b/k');
SELECT shell('rmdir s3store_regress/credentials; mkfifo s3store_regress/credentials');
SELECT * FROM try_signer('s3://b/k');
SELECT shell('rm s3store_regress/credentials');
SELECT * FROM try_signer('s3://b/k');
SELECT shell('mv s3store_regress/real s3store_regress/credentials; chmod 0400 s3store_regress/credentials');
SELECT * FROM try_signer('s3://b/k');

--
-- The file changes: the new keys count, and the last good ones outlive a bad file
--
SELECT write_file(E'[default]\naws_access_key_id = new\naws_secret_access_key = secret\n');
SELECT signer('s3://b/k');
SELECT shell('printf ''[default]\naws_access_key_id = NEW\naws_secret_access_key = SECRET\n'' > s3store_regress/credentials');
SELECT signer('s3://b/k');
SELECT write_file(E'[default]\naws_access_key_id = half\n');
SELECT signer('s3://b/k');
SELECT shell('rm s3store_regress/credentials');
SELECT signer('s3://b/k');
SELECT write_file(E'[default]\naws_access_key_id = another\naws_secret_access_key = secret\n');
SELECT signer('s3://b/k');
SELECT shell('chmod 0644 s3store_regress/credentials');
SELECT signer('s3://b/k');
-- another session has never seen good ones
\c -
\x on
\pset format unaligned
SET s3store.credentials_file = :'file';
SELECT * FROM try_signer('s3://b/k');
SELECT shell('chmod 0600 s3store_regress/credentials');
SELECT * FROM try_signer('s3://b/k');

--
-- Temporary keys: a link that outlives them is warned of, once in a statement
--
SELECT write_file(E'[default]\naws_access_key_id = id\naws_secret_access_key = secret\naws_session_token = token\naws_expiration = 2026-01-01T00:59:59Z\n');
SELECT signer('s3://b/k') FROM generate_series(1, 3);
SELECT signer('s3://b/k');
SELECT expires_at AT TIME ZONE 'UTC' AS ends FROM s3_presign_request('s3://b/k', expires => '1 h', signed_at => '2026-01-01 00:00 UTC');
SELECT expires_at AT TIME ZONE 'UTC' AS ends FROM s3_presign_request('s3://b/k', expires => '59 min 59 s', signed_at => '2026-01-01 00:00 UTC');
SELECT access_key_id, expires_at AT TIME ZONE 'UTC' AS ends FROM s3_credentials('s3');
SELECT s3_presign_post('s3://b/k', expires => '1 h', signed_at => '2026-01-01 00:00 UTC') IS NOT NULL AS form;
-- in any form of ISO 8601, under another name
SELECT write_file(format(E'[default]\naws_access_key_id = id\naws_secret_access_key = secret\nx_security_token_expires = %s\n', ends))
  FROM (VALUES ('2026-01-01T02:30:00.123456+01:30')) AS ends (ends);
SELECT signer('s3://b/k');
SELECT write_file(E'[default]\naws_access_key_id = id\naws_secret_access_key = secret\nX_Security_Token_Expires = 2025-12-31T23:29:59-0130\n');
SELECT signer('s3://b/k');
SELECT write_file(E'[default]\naws_access_key_id = id\naws_secret_access_key = secret\naws_expiration =\n');
SELECT signer('s3://b/k');
-- the same storage, other keys: these do not expire
SET s3store.access_key_id = 'id';
SET s3store.secret_access_key = 'secret';
SELECT write_file(E'[default]\naws_access_key_id = id\naws_secret_access_key = secret\naws_expiration = 2026-01-01T00:00:00Z\n');
SELECT signer('s3://b/k');
RESET s3store.access_key_id;
RESET s3store.secret_access_key;
SELECT signer('s3://b/k');
-- no time
SELECT shell('rm s3store_regress/credentials');
\c -
\x on
\pset format unaligned
SET s3store.credentials_file = :'file';
SELECT * FROM try_file(E'[default]\naws_access_key_id = id\naws_secret_access_key = secret\naws_expiration = tomorrow\n');
SELECT * FROM try_file(E'[default]\naws_access_key_id = id\naws_secret_access_key = secret\naws_expiration = 2026-02-29T00:00:00Z\n');
SELECT * FROM try_file(E'[default]\naws_access_key_id = id\naws_secret_access_key = secret\naws_expiration = 2026-01-01T00:00:00\n');
SELECT * FROM try_file(E'[default]\naws_access_key_id = id\naws_secret_access_key = secret\naws_expiration = 1969-01-01T00:00:00Z\n');

-- other ways to get keys are not passed over in silence
SELECT * FROM try_file(E'[default]\naws_access_key_id = id\naws_secret_access_key = secret\nrole_arn = arn:aws:iam::1:role/x\n');
SELECT * FROM try_file(E'[default]\ncredential_process = /bin/keys\n');

-- more profiles than a session remembers
SELECT write_file(string_agg(format(E'[p%s]\naws_access_key_id = id%s\naws_secret_access_key = secret\n', i, i), ''))
  FROM generate_series(1, 40) AS i;
SELECT set_config('s3store.endpoints',
				  json_object_agg('p' || i, json_build_object('profile', 'p' || i))::text, false) IS NOT NULL AS set
  FROM generate_series(1, 40) AS i;
SELECT count(*) FROM generate_series(1, 3) AS round, generate_series(1, 40) AS i
 WHERE signer(format('p%s://b/k', i)) LIKE format('id%s %%', i);

\x off
\pset format aligned
SELECT shell('rm -r s3store_regress');
DROP FUNCTION try_file, try_signer, signer, write_file, shell;
DROP ROLE regress_s3_reader;
