"""test_http_options.py - what libcurl is told, and that it is told anew for each endpoint."""
import pathlib
import subprocess
import uuid

from backend import BackendCase, Cluster, entry, libcurl_version
from fault import FaultServer
from harness import environment, query

GET = "SELECT s3_get('%s://answer/key')"

# Notes the options by their names, and calls the function of libcurl
SPY = r'''
#define _GNU_SOURCE
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#undef curl_easy_setopt
#undef curl_multi_setopt
#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER(name) {CURLOPT_##name, #name, 0}
#define TEXT(name) {CURLOPT_##name, #name, 1}
static const struct {int option; const char *name; int is_text;} options[] = {
	NUMBER(FOLLOWLOCATION), NUMBER(DISALLOW_USERNAME_IN_URL), NUMBER(PATH_AS_IS), NUMBER(NETRC),
	NUMBER(HTTP09_ALLOWED), NUMBER(HTTP_CONTENT_DECODING), NUMBER(NOSIGNAL), NUMBER(SSLVERSION),
	NUMBER(SSL_VERIFYPEER), NUMBER(SSL_VERIFYHOST), NUMBER(HEADEROPT), NUMBER(SUPPRESS_CONNECT_HEADERS),
	TEXT(PROXY), TEXT(NOPROXY),
#if LIBCURL_VERSION_NUM >= 0x075500
	TEXT(PROTOCOLS_STR),
#else
	NUMBER(PROTOCOLS),
#endif
#if LIBCURL_VERSION_NUM >= 0x075700
	NUMBER(QUICK_EXIT),
#endif
};

static void *
libcurl(const char *function)
{
	return dlsym(dlopen("libcurl.so.4", RTLD_NOW), function);
}

CURLcode
curl_easy_setopt(CURL *handle, CURLoption option, ...)
{
	CURLcode (*real)(CURL *, CURLoption, ...) = libcurl("curl_easy_setopt");
	FILE *file = fopen(getenv("SPY"), "a");
	va_list arguments;
	void *value;

	va_start(arguments, option);
	value = va_arg(arguments, void *);
	va_end(arguments);
	for (size_t i = 0; file && i < sizeof(options) / sizeof(options[0]); i++)
		if (options[i].option == option && options[i].is_text)
			fprintf(file, "%s=%s\n", options[i].name, value ? (char *) value : "(null)");
		else if (options[i].option == option)
			fprintf(file, "%s=%ld\n", options[i].name, (long) value);
	if (file)
		fclose(file);
	return real(handle, option, value);
}
'''

TOLD = {
    'FOLLOWLOCATION': '0',      # requests go where they are meant to
    'DISALLOW_USERNAME_IN_URL': '1',
    'PATH_AS_IS': '1',          # "/../" is part of a key
    'NETRC': '0',               # keys come from the settings
    'HTTP09_ALLOWED': '0',
    'HTTP_CONTENT_DECODING': '0',
    'NOSIGNAL': '1',            # signals are PostgreSQL's
    'SSLVERSION': '6',          # TLS 1.2
    'SSL_VERIFYPEER': '1',
    'SSL_VERIFYHOST': '2',
    'HEADEROPT': '1',           # our headers are not for a proxy
    'SUPPRESS_CONNECT_HEADERS': '1',
    'PROXY': '',                # and no proxy of the environment
    'NOPROXY': '',
}


class ToldTest(BackendCase):
    """The options, as a library between the extension and libcurl has noted them."""

    def test_safety(self):
        directory = pathlib.Path(environment('S3STORE_TEST_DIR'))
        source, library, notes = (directory / ('spy-%s%s' % (uuid.uuid4().hex[:8], suffix))
                                  for suffix in ('.c', '.so', '.txt'))
        source.write_text(SPY)
        flags = subprocess.run(['pkg-config', '--cflags', 'libcurl'], check=True,
                               capture_output=True, text=True).stdout.split()
        subprocess.run(['cc', '-shared', '-fPIC', *flags, '-o', library, source, '-ldl'], check=True)
        notes.touch()
        notes.chmod(0o666)
        type(self).cluster = self.enter(Cluster(wrap=['env', 'LD_PRELOAD=%s' % library, 'SPY=%s' % notes]))
        self.addCleanup(setattr, type(self), 'cluster', None)
        self.check_good(self.session())
        told = dict(line.split('=', 1) for line in notes.read_text().splitlines())
        expected = dict(TOLD)
        version = libcurl_version()
        expected.update({'PROTOCOLS_STR': 'http,https'} if version >= (7, 85, 0) else {'PROTOCOLS': '3'})
        if version >= (7, 87, 0):
            expected['QUICK_EXIT'] = '1'        # a look-up of a name is not waited for
        self.assertEqual(told, expected)


class NextEndpointTest(BackendCase):
    """A session has used one endpoint, and then uses another one of the same server."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        directory = pathlib.Path(environment('S3STORE_TEST_DIR')) / ('tls-' + uuid.uuid4().hex[:8])
        directory.mkdir()
        cls.certificate, key = str(directory / 'server.crt'), str(directory / 'server.key')
        subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2',
                        '-subj', '/CN=server', '-addext', 'subjectAltName=IP:127.0.0.1',
                        '-out', cls.certificate, '-keyout', key], check=True, stderr=subprocess.DEVNULL)
        cls.server = cls.enter(FaultServer(tls=(cls.certificate, key)))

    def one_after_the_other(self, server, first, then):
        """What each says of the server."""
        conn = self.connect(endpoints={'s3-first': entry(server.endpoint, **first),
                                       's3-then': entry(server.endpoint, **then)})
        for _ in range(2):      # the second time over the connection of the first
            self.assertEqual(bytes(query(conn, GET % 's3-first')[0][0]), b'good')
        return conn

    def test_verify_tls(self):
        conn = self.one_after_the_other(self.server, {'verify_tls': False}, {})
        with self.assertSqlState('08006', 'TLS certificate verification failed'):
            query(conn, GET % 's3-then')

    def test_ca_file(self):
        conn = self.one_after_the_other(self.server, {'ca_file': self.certificate}, {})
        with self.assertSqlState('08006', 'TLS certificate verification failed'):
            query(conn, GET % 's3-then')

    def test_proxy(self):
        """It does not see the requests of an endpoint without one."""
        proxy, server = self.enter(FaultServer()), self.enter(FaultServer())
        conn = self.one_after_the_other(server, {'proxy': proxy.endpoint}, {})
        self.assertEqual((len(proxy.requests), len(server.requests)), (2, 0))
        query(conn, GET % 's3-then')
        self.assertEqual((len(proxy.requests), len(server.requests)), (2, 1))
