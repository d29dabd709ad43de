"""Afterwards: do objects and committed rows agree?

    lost    an object that a committed row names is not there, or is not what was put
    left    an object, a version or an upload that nothing keeps
    stuck   a queued deletion, or the note of a put, that does not come to an end
    dead    a deletion that was given up, for a reason that the documents name
"""
import collections
import hashlib
import re
import time

import botocore.exceptions

from . import names
from .changes import MANAGED
from .servers import query

DRY = 60                        # seconds for the queue to run dry
BACKOFF = 4                     # seconds of these until attempts that have failed are repeated at once
MAY_BE_DEAD = re.compile('cannot tell|written again')
UNSETTLED = ("SELECT 'queue', id, url, kind || ', ' || state || ': ' || coalesce(last_error, '') FROM s3_queue"
             " WHERE state <> 'dead' UNION ALL SELECT 'journal', NULL, url,"
             " coalesce(kind, 'not sent') || ', ' || state FROM s3_intents()")


class Oracle:
    """Of one round; the connection is to a server that is up, and nobody else is at work."""

    def __init__(self, round, conn):
        self.round, self.conn = round, conn
        self.servers = round.servers

    def check(self):
        """And leaves nothing behind but what rows name."""
        self.settle()
        self.read_dead()
        self.read_rows()
        self.check_rows()
        self.check_others()
        self.check_versions()
        self.check_uploads()
        self.retry_dead()
        self.forget()

    # -------------------------------------------------------------------------
    # The queue and the journal run dry
    # -------------------------------------------------------------------------

    def settle(self):
        start = time.monotonic()
        while True:
            query(self.conn, 'CALL s3_drain()')
            left = query(self.conn, UNSETTLED)
            if not left:
                return
            if time.monotonic() > start + DRY:
                break
            if time.monotonic() > start + BACKOFF:
                query(self.conn, "SELECT s3_queue_retry(id) FROM s3_queue WHERE state = 'pending'"
                                 " AND next_at > now() + '1 s'::interval")
            time.sleep(0.1)
        for where, number, url, words in left:
            self.round.violate('stuck', '%s %s: %s: %s' % (where, number, url, words), names.object_of(url))
        query(self.conn, 'DELETE FROM s3_deletion')

    def read_dead(self):
        self.dead = collections.defaultdict(list)       # object -> numbers in the queue
        for number, url, reason in query(self.conn, "SELECT id, url, last_error FROM s3_queue"
                                                    " WHERE state = 'dead'"):
            name = names.object_of(url)
            self.dead[name].append(number)
            self.round.tell_dead(name, reason or '')
            if not MAY_BE_DEAD.search(reason or ''):
                self.round.violate('stuck', 'dead: %s: %s' % (name, reason), name)

    def retry_dead(self):
        """They go when somebody wants that."""
        if not self.dead:
            return
        for number in sum(self.dead.values(), []):
            query(self.conn, 'SELECT s3_queue_retry(%s)', number)
        self.settle()
        for name in self.dead:
            if name not in self.rows and self.head(name) is not None:
                self.round.violate('stuck', 'dead, and it does not go: %s' % name, name)
                self.remove(name)
        for url, reason in query(self.conn, "SELECT url, last_error FROM s3_queue WHERE state = 'dead'"):
            self.round.violate('stuck', 'dead again: %s: %s' % (url, reason), names.object_of(url))
        query(self.conn, 'DELETE FROM s3_deletion')

    # -------------------------------------------------------------------------
    # Rows
    # -------------------------------------------------------------------------

    def read_rows(self):
        self.rows = collections.defaultdict(set)        # object -> digests
        self.history = collections.defaultdict(collections.Counter)
        for slot in MANAGED:
            for url, digest in query(self.conn, 'SELECT {0.url}, {0.digest} FROM {0.table}'
                                                ' WHERE {0.url} IS NOT NULL'.format(slot)):
                self.rows[names.object_of(url)].add(digest)
                self.round.count('rows checked')
        for name, digest in query(self.conn, 'SELECT object, digest FROM history'):
            self.history[name][digest] += 1
        self.listed = {}                                # object -> digest, or None
        for bucket in names.BUCKETS:
            for page in self.pages(bucket, 'list_objects_v2'):
                for item in page.get('Contents', []):
                    self.listed['%s/%s' % (bucket, item['Key'])] = plain_digest(item['ETag'])

    def check_rows(self):
        for name, digests in self.rows.items():
            if name not in self.listed and self.head(name) is None:
                self.round.violate('lost', 'a row names it: %s' % name, name)
                self.forget_rows(name)
                continue
            found = self.listed.get(name) or self.read(name)
            for wrong in self.wrong(name, digests, found):
                self.round.violate('lost', '%s has %s, and not %s' % (name, found, wrong), name)

    def wrong(self, name, digests, found):
        """What it should be, where it is something else."""
        kind, versioned = names.kind(name), name.startswith('versions/')
        if kind == 'sum':
            return {re.search('[0-9a-f]{32}', name)[0]} - {found}
        if kind in names.EXACT or (kind == 'page' and versioned):
            return digests - {found}
        # Without versions, what was rolled back may have replaced what was committed
        allowed = self.history[name] if versioned and kind != 'kept' else self.round.sent[name]
        return set() if found in allowed else {'one of %s' % sorted(allowed)}

    def forget_rows(self, name):
        """So that a violation is told once."""
        for slot in MANAGED:
            for number, url in query(self.conn, 'SELECT id, {0.url} FROM {0.table} WHERE {0.url} LIKE %s'
                                     .format(slot), '%' + name.rpartition('/')[2]):
                if names.object_of(url) == name:
                    query(self.conn, 'UPDATE {0.table} SET {0.url} = NULL WHERE id = %s'.format(slot), number)

    # -------------------------------------------------------------------------
    # Objects
    # -------------------------------------------------------------------------

    def check_others(self):
        """Lists may tell of what is gone, or not yet of what has come."""
        for name in set(self.listed) | set(self.round.names):
            if name in self.rows:
                continue
            digest = self.head(name)
            if digest is None:
                continue
            if name in self.round.kept:
                self.round.count('left by puts without undo')
            elif name in self.dead:
                self.round.count('left by dead rows')
                continue
            else:
                self.round.violate('left', '%s: %s' % (name, digest), name)
            self.remove(name)

    def head(self, name):
        bucket, key = names.bucket_and_key(name)
        client = self.servers.clients[bucket]
        try:
            return client.head_object(Bucket=bucket, Key=key)['ETag'].strip('"')
        except botocore.exceptions.ClientError as error:
            if error.response['ResponseMetadata']['HTTPStatusCode'] != 404:
                raise
            return None

    def read(self, name, **version):
        bucket, key = names.bucket_and_key(name)
        self.round.count('objects read')
        answer = self.servers.clients[bucket].get_object(Bucket=bucket, Key=key, **version)
        return hashlib.md5(answer['Body'].read()).hexdigest()

    def remove(self, name):
        bucket, key = names.bucket_and_key(name)
        self.servers.clients[bucket].delete_object(Bucket=bucket, Key=key)

    def pages(self, bucket, operation):
        return self.servers.clients[bucket].get_paginator(operation).paginate(Bucket=bucket)

    def check_versions(self):
        """Each was committed, and each that was committed is there.

        What was committed may be there more often: a put without an answer is
        sent again, and a sync writes new versions.
        """
        found = collections.defaultdict(collections.Counter)
        self.old_versions = []
        for page in self.pages('versions', 'list_object_versions'):
            for version in page.get('Versions', []):
                name = 'versions/' + version['Key']
                digest = plain_digest(version['ETag']) or self.read(name, VersionId=version['VersionId'])
                found[name][digest] += 1
                self.round.count('versions checked')
                if not (version['IsLatest'] and name in self.rows):
                    self.old_versions.append((name, version['VersionId']))
                if digest in self.history[name] or name in self.round.kept:
                    continue
                if name in self.dead:
                    self.round.count('versions left by dead rows')
                else:
                    self.round.violate('left', 'version %s of %s: %s was not committed' % (
                        version['VersionId'], name, digest), name)
            for marker in page.get('DeleteMarkers', []):
                name = 'versions/' + marker['Key']
                self.old_versions.append((name, marker['VersionId']))
                if names.kind(name) == 'page':
                    self.round.violate('left', 'a delete marker of %s' % name, name)
        for name, digests in self.history.items():
            if name.startswith('versions/'):
                for digest, times in digests.items():
                    # who finds its bytes stored by somebody else stores them no more
                    if found[name][digest] < (1 if names.kind(name) == 'sum' else times):
                        self.round.violate('lost', 'version %s of %s: committed %d times, and there are %d'
                                           % (digest, name, times, found[name][digest]), name)

    def check_uploads(self):
        untold = set().union(*(cutter.untold() for cutter in self.servers.cutters.values()))
        for bucket in names.BUCKETS:
            for page in self.pages(bucket, 'list_multipart_uploads'):
                for upload in page.get('Uploads', []):
                    name = '%s/%s' % (bucket, upload['Key'])
                    if name in self.round.kept:
                        self.round.count('uploads left by puts without undo')
                    elif upload['UploadId'] in untold:
                        self.round.count('uploads left whose ID was lost on the way')
                    else:
                        self.round.violate('left', 'upload %s of %s' % (upload['UploadId'], name), name)
                    self.servers.clients[bucket].abort_multipart_upload(
                        Bucket=bucket, Key=upload['Key'], UploadId=upload['UploadId'])

    def forget(self):
        """What is not the present content of what a row names."""
        for name in set(self.round.sent) - set(self.rows):
            del self.round.sent[name]
        client = self.servers.clients['versions']
        for name, version in self.old_versions:
            client.delete_object(Bucket='versions', Key=names.bucket_and_key(name)[1], VersionId=version)
        query(self.conn, 'TRUNCATE history')
        for page in self.pages('versions', 'list_objects_v2'):
            for item in page.get('Contents', []):
                name = 'versions/' + item['Key']
                query(self.conn, 'INSERT INTO history VALUES (%s, %s)', name,
                      plain_digest(item['ETag']) or self.read(name))


def plain_digest(etag):
    """None for the ETag of an object that was put in parts."""
    etag = etag.strip('"')
    return etag if re.fullmatch('[0-9a-f]{32}', etag) else None
