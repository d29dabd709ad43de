/*
 * Unit tests of the digest room, against values that Python's hashlib, hmac
 * and base64 gave.
 */
#include "base/digest.h"
#include "tap.h"

static const struct
{
	const char *data;
	size_t		len;
	const char *sha256;
	const char *md5;
	const char *base64;
}			digest_cases[] =
{
	{"", 0,
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"d41d8cd98f00b204e9800998ecf8427e",
	""},
	{"\000", 1,
		"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
		"93b885adfe0da089cdf634904fd59f71",
	"AA=="},
	{"s3store", 7,
		"d76e7a116b855e8b38f56fcc2f8446f5540dbdfc61e9c77ad71cdab19efc41fe",
		"8a4a7dfee0cc7f6feb189bfbe1914d90",
	"czNzdG9yZQ=="},
	{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 55,
		"9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318",
		"ef1772b6dff9a122358552954ad0df65",
	"YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYQ=="},
	{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 56,
		"b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a",
		"3b0c8ac703f828b04c6c197006d17218",
	"YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE="},
	{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 64,
		"ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb",
		"014842d480b571495a4a0363793f7367",
	"YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYQ=="},
	{"\377\376\375\374", 4,
		"8c2a2c574ac471ce87590c13f0efdb42bd2cb19bb18493379d45bfcc9060b657",
		"8a55aafd62dc3f360743c7c0cf00822e",
	"//79/A=="},
	{"\000\001\002", 3,
		"ae4b3280e56e2faf83f414a6e3dabe9d5fbe18976544c05fed121accb85b53fc",
		"b95f67f61ebb03619622d798f45fc2d3",
	"AAEC"},
	{"\000\001\002\003\004\005\006\007\010\011\012\013\014\015\016\017\020\021\022\023\024\025\026\027\030\031\032\033\034\035\036\037 !\042#$%&'()*+,-./0123456789:;<=>?", 64,
		"fdeab9acf3710362bd2658cdc9a29e8f9c757fcf9811603a8c447cd1d9151108",
		"b2d3f56bc197fd985d5965079b5e7148",
	"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw=="},
	{"\303\234bergr\303\266\303\237e", 12,
		"faa8b0c5781a23def9da934c390988d35b4231d101fd78c1a13020ef7c40d266",
		"96d53e9b234560f47f0a8fa3fe8f5294",
	"w5xiZXJncsO2w59l"},
	{"\373\377\277\373\377\277", 6,
		"7d877646bd1c2e4e085b2bd9229f6c51623c6dca0865917ee7b9f45016c78435",
		"bc3a425fe5300a9c9a863d3ff01dbe9c",
	"+/+/+/+/"}
};

static const struct
{
	char		key;
	size_t		key_len;
	const char *data;
	const char *sha256;
	const char *sha1;
}			hmac_cases[] =
{
	{'k', 1, "",
		"8bb990c40a7d61cb97597a942125025be50ac8beb74436e3735b98893a7f6620",
	"3a84a218ee6665209bb70e84525dd837645a1965"},
	{'k', 1, "what is signed",
		"28efe31665f08fe0eef24d5b6713b0bd2b6797d628d8b3a55873d4bba3bdd989",
	"f279b10fe4859d69a37b0ca9ae6363dc7d96368a"},
	{'k', 32, "",
		"a4ad8e340e32bf1d916005cb1dc92795148897965e36ae56c0adc357474b5372",
	"614b318d2296877d7b6caf8b4d01c2b79f8f60a7"},
	{'k', 32, "what is signed",
		"02e09a480a765914b26456c02a8ee25970608437fe42b4f4b1792d0814d164b5",
	"4c6f22936fc44c1d7bca45d4719901409b5d2571"},
	{'k', 63, "",
		"a73e4ae46b2a9f2402fff056e156c0a25551e3db5097f9367522239bfbc2d02e",
	"f4cff7cd54b18b8656227ff7b775ecec41f136db"},
	{'k', 63, "what is signed",
		"c1399c94973f595f8db4b87a15a98eae890e9a9ad80557133de9e00a0625d728",
	"f74e4a4a362f0354ec6c1b2fe588cd4fe02071aa"},
	{'k', 64, "",
		"83026a325aaee70e36cfe607536aa1054104ad1077c36134810d4ccded1ccd3b",
	"b6b10bf17b16d7347adb5e4149102761dbb3bcbd"},
	{'k', 64, "what is signed",
		"6507aeb80eeb997e4125a2e585eb1da31e6d59ea1c193ecb02406d64b6fe7c0d",
	"0398b6ac99ad1fceeb0cf5d8797c2f6eeaf4de07"},
	{'k', 65, "",
		"41f1c4cc3107cd5b8d92460f61032902bfdb06484eef17e861b83a5012d3b7f3",
	"52b70f513f87ea4feaf119af1cdc8097107b3837"},
	{'k', 65, "what is signed",
		"406dd0b3d1ecec6532fde35d878245202e18480306a266a203513e605a33f916",
	"69d1fca7fcafd900fc16e03256a007a2ea32ebd2"},
	{'\0', 64, "",
		"b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad",
	"fbdb1d1b18aa6c08324b7d64b71fb76370690e1d"},
	{'\0', 64, "what is signed",
		"adf339eb4e16f103a2eb80b29853b6d0b2c36696b5ee5c7bff566353935dca68",
	"d6568161c19ef52499ade8d6e60add4b9fbb9f66"},
	{'\0', 1, "",
		"b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad",
	"fbdb1d1b18aa6c08324b7d64b71fb76370690e1d"},
	{'\0', 1, "what is signed",
		"adf339eb4e16f103a2eb80b29853b6d0b2c36696b5ee5c7bff566353935dca68",
	"d6568161c19ef52499ade8d6e60add4b9fbb9f66"},
	{'z', 1000, "",
		"ee5fe7cddbd41443e66b884d9625036ed5e12df378e80c98c3c273c77f86b71a",
	"2457c63b3e2b62df71355877de81f7d5b3768b53"},
	{'z', 1000, "what is signed",
		"026bd3d9d8599cb6c56f37b3c68d4bcd5903eb158ce0cb46c7315cbb06a045fb",
	"cf01f5de363e99b4f4fba6529b049d5dee116f8f"},
	{'k', 0, "",
		"b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad",
	"fbdb1d1b18aa6c08324b7d64b71fb76370690e1d"},
	{'k', 0, "what is signed",
		"adf339eb4e16f103a2eb80b29853b6d0b2c36696b5ee5c7bff566353935dca68",
	"d6568161c19ef52499ade8d6e60add4b9fbb9f66"}
};

static void test_digests(void);
static void test_pieces(void);
static void test_large(void);
static void test_hmac(void);
static void test_hex(void);

int
main(void)
{
	test_digests();
	test_pieces();
	test_large();
	test_hmac();
	test_hex();
	return tap_done();
}

static void
test_digests(void)
{
	for (int i = 0; i < lengthof(digest_cases); i++)
	{
		S3Slice		data = s3_slice(digest_cases[i].data, digest_cases[i].len);
		uint8		sha256[S3_SHA256_LEN];
		uint8		md5[S3_MD5_LEN];
		char		hex[S3_SHA256_HEX];
		S3Error		err = {0};

		ok(s3_sha256(data, sha256, &err), "SHA-256 of data %d", i);
		s3_hex(sha256, sizeof(sha256), hex);
		is_string(hex, digest_cases[i].sha256, "... is right");
		ok(s3_md5(data, md5, &err), "MD5 of data %d", i);
		s3_hex(md5, sizeof(md5), hex);
		is_string(hex, digest_cases[i].md5, "... is right");
		is_string(s3_base64((const uint8 *) data.data, data.len), digest_cases[i].base64,
				  "base64 of data %d", i);
	}
}

/* A byte at a time. */
static void
test_pieces(void)
{
	for (int i = 0; i < lengthof(digest_cases); i++)
	{
		S3Error		err = {0};
		S3Digest   *sha256 = s3_digest_sha256(&err);
		S3Digest   *md5 = s3_digest_md5(&err);

		for (size_t at = 0; at < digest_cases[i].len; at++)
		{
			s3_digest_add(sha256, digest_cases[i].data + at, 1);
			s3_digest_add(md5, digest_cases[i].data + at, 1);
		}
		is_string(s3_digest_hex(sha256, &err), digest_cases[i].sha256, "SHA-256 of pieces %d", i);
		is_string(s3_digest_hex(md5, &err), digest_cases[i].md5, "MD5 of pieces %d", i);
		s3_digest_free(sha256);
		s3_digest_free(md5);
	}
	s3_digest_free(NULL);
}

static void
test_large(void)
{
	S3Slice		nothing = {NULL, 0};
	size_t		len = 1000003;
	char	   *data = palloc(len);
	uint8		sha256[S3_SHA256_LEN];
	char		hex[S3_SHA256_HEX];
	S3Error		err = {0};

	for (size_t i = 0; i < len; i++)
		data[i] = (char) (i % 251);
	ok(s3_sha256(s3_slice(data, len), sha256, &err), "SHA-256 of %zu bytes", len);
	s3_hex(sha256, sizeof(sha256), hex);
	is_string(hex, "a7c4bea888022868c93104055fd56077cc81fe9eb624820fe2f717f313188782", "... is right");
	ok(s3_sha256(nothing, sha256, &err), "SHA-256 of no body at all");
	s3_hex(sha256, sizeof(sha256), hex);
	is_string(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "... is that of an empty one");
}

static void
test_hmac(void)
{
	for (int i = 0; i < lengthof(hmac_cases); i++)
	{
		char	   *key = palloc(Max(hmac_cases[i].key_len, 1));
		uint8		hmac[S3_SHA256_LEN];
		uint8		hmac_sha1[S3_SHA1_LEN];
		char		hex[S3_SHA256_HEX];
		S3Error		err = {0};

		memset(key, hmac_cases[i].key, hmac_cases[i].key_len);
		ok(s3_hmac_sha256(s3_slice(key, hmac_cases[i].key_len),
						  s3_slice_cstring(hmac_cases[i].data), hmac, &err),
		   "HMAC-SHA-256 with a key of %zu bytes", hmac_cases[i].key_len);
		s3_hex(hmac, sizeof(hmac), hex);
		is_string(hex, hmac_cases[i].sha256, "... is right");
		ok(s3_hmac_sha1(s3_slice(key, hmac_cases[i].key_len),
						s3_slice_cstring(hmac_cases[i].data), hmac_sha1, &err),
		   "HMAC-SHA-1 with a key of %zu bytes", hmac_cases[i].key_len);
		s3_hex(hmac_sha1, sizeof(hmac_sha1), hex);
		is_string(hex, hmac_cases[i].sha1, "... is right");
	}
}

static void
test_hex(void)
{
	uint8		bytes[] = {0x00, 0x01, 0x0f, 0x10, 0x7f, 0x80, 0xab, 0xff};
	char		hex[sizeof(bytes) * 2 + 1];

	s3_hex(bytes, sizeof(bytes), hex);
	is_string(hex, "00010f107f80abff", "hex digits are lower case");
	s3_hex(bytes, 0, hex);
	is_string(hex, "", "nothing has none");
}
