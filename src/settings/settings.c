/*-------------------------------------------------------------------------
 *
 * settings.c
 *	  The settings in force for one scheme: the s3store.* GUCs, overridden by
 *	  the scheme's entry in s3store.endpoints.
 *
 * Guarantees: what s3_endpoint_find returns agrees with the GUCs as they stand
 * at the call.  The text of s3store.endpoints is copied once, and the copy is
 * wiped before its memory is used for anything else.
 *
 * The strings of an endpoint point into that copy or are the GUCs' own; both go
 * away when a setting changes, and so does the endpoint.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "backend/encoding.h"
#include "backend/error_report.h"
#include "s3/location.h"
#include "settings/endpoints.h"
#include "settings/same_server.h"
#include "settings/setting_defs.h"
#include "settings/settings.h"

#define BIT_OF(name)	S3_SETTING_BIT(S3_SET_##name)

/* The endpoints of all schemes, as of a generation of the settings. */
typedef struct EndpointCache
{
	MemoryContext context;
	uint64		generation;		/* 0: not built */
	S3Endpoint *endpoints;
	int			count;
} EndpointCache;

/* A copy of s3store.endpoints. */
typedef struct EndpointsText
{
	char	   *text;
	size_t		len;
	MemoryContextCallback wipe;
} EndpointsText;

static EndpointCache cache;

static void rebuild_cache(void);
static char *utf8_endpoints_text(void);
static char *own_endpoints_text(char *text);
static void wipe_endpoints_text(void *arg);
static bool entry_has_secret(const S3EndpointEntry *entry);
static bool check_entry(const S3EndpointEntry *entry, S3Endpoint *endpoint, S3Error *err);
static void build_endpoint(const S3EndpointEntry *entry, S3Endpoint *endpoint);
static bool is_given(const char *value);
static void convert_texts(S3Settings *settings);
static void set_entry_only(S3Settings *settings);
static void lay_over(const S3EndpointEntry *entry, S3Settings *settings);
static void note_given(const S3EndpointEntry *entry, S3Endpoint *endpoint);
static bool build_bases(S3Endpoint *endpoint, S3Error *err);
static bool build_base(const S3Settings *settings, S3EndpointUrl *base, S3Error *err);
static void refuse_endpoint(S3Endpoint *endpoint, S3Error *err);
static bool scheme_matches(const char *scheme, S3Slice wanted);
static void not_configured(S3Slice scheme, S3Error *err);

int
s3_settings_grace(void)
{
	int			grace = Max(s3_guc_delete_grace, s3_guc.request_timeout);

	if (cache.generation != s3_settings_generation())
		rebuild_cache();
	for (int i = 0; i < cache.count; i++)
		grace = Max(grace, cache.endpoints[i].settings.request_timeout);
	return grace;
}

bool
s3_settings_worker_enabled(void)
{
	return s3_guc_worker && !IsBinaryUpgrade;
}

const S3Endpoint *
s3_endpoint_find(S3Slice scheme)
{
	const S3Endpoint *endpoint;
	S3Error		err;

	endpoint = s3_endpoint_try_find(scheme, &err);
	if (endpoint == NULL)
		s3_error_throw(&err);
	return endpoint;
}

const S3Endpoint *
s3_endpoint_try_find(S3Slice scheme, S3Error *err)
{
	if (cache.generation != s3_settings_generation())
		rebuild_cache();

	for (int i = 0; i < cache.count; i++)
	{
		if (!scheme_matches(cache.endpoints[i].scheme, scheme))
			continue;
		if (cache.endpoints[i].refusal == NULL)
			return &cache.endpoints[i];
		if (err != NULL)
			*err = *cache.endpoints[i].refusal;
		return NULL;
	}
	if (err != NULL)
		not_configured(scheme, err);
	return NULL;
}

const S3Endpoint *
s3_endpoint_number(int number)
{
	if (cache.generation != s3_settings_generation())
		rebuild_cache();
	return number < cache.count ? &cache.endpoints[number] : NULL;
}

bool
s3_endpoint_base_in(const S3Endpoint *endpoint, const char *region,
					S3EndpointUrl *base, S3Error *err)
{
	S3Settings	settings = endpoint->settings;

	if (endpoint->base.custom)
	{
		*base = endpoint->base;
		return true;
	}
	settings.region = unconstify(char *, region);
	return build_base(&settings, base, err);
}

bool
s3_settings_check_endpoints(const char *json, bool *has_secret, S3Error *err)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "s3store endpoints check",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old_context = MemoryContextSwitchTo(context);
	S3Endpoints endpoints;
	S3Endpoint *built;
	const S3Endpoint *wrong;
	bool		ok;

	/* In any encoding: what is checked here is ASCII, or may be any text. */
	ok = s3_endpoints_parse(own_endpoints_text(pstrdup(json)), &endpoints, err);

	*has_secret = false;
	built = palloc(sizeof(S3Endpoint) * Max(endpoints.count, 1));
	for (int i = 0; i < endpoints.count; i++)
	{
		*has_secret |= entry_has_secret(&endpoints.entries[i]);
		ok = ok && check_entry(&endpoints.entries[i], &built[i], err);
	}
	if (ok && (wrong = s3_same_server_contradiction(built, endpoints.count, err)) != NULL)
		ok = s3_endpoint_entry_refuse(wrong->scheme, err);

	MemoryContextSwitchTo(old_context);
	MemoryContextDelete(context);
	return ok;
}

/*
 * Builds the endpoints of all schemes.  When this throws, the cache stays
 * marked as not built, and the next call starts over.
 */
static void
rebuild_cache(void)
{
	MemoryContext old_context;
	S3Endpoints endpoints;
	S3Error		err;

	cache.generation = 0;
	cache.count = 0;
	if (cache.context == NULL)
		cache.context = AllocSetContextCreate(TopMemoryContext, "s3store settings",
											  ALLOCSET_SMALL_SIZES);
	MemoryContextReset(cache.context);
	old_context = MemoryContextSwitchTo(cache.context);

	/* The check hook has seen the text; but it may be longer in UTF-8. */
	if (!s3_endpoints_parse(utf8_endpoints_text(), &endpoints, &err))
		s3_error_throw(&err);

	cache.endpoints = palloc0(sizeof(S3Endpoint) * Max(endpoints.count, 1));
	for (int i = 0; i < endpoints.count; i++)
		build_endpoint(&endpoints.entries[i], &cache.endpoints[i]);

	MemoryContextSwitchTo(old_context);
	cache.count = endpoints.count;
	cache.generation = s3_settings_generation();
}

/* The text in UTF-8, to be wiped; a conversion leaves no other copy of it. */
static char *
utf8_endpoints_text(void)
{
	S3Slice		utf8 = s3_utf8_slice(s3_guc_endpoints, strlen(s3_guc_endpoints));

	if (utf8.data == s3_guc_endpoints)
		return own_endpoints_text(pstrdup(s3_guc_endpoints));
	return own_endpoints_text(unconstify(char *, utf8.data));
}

/*
 * Gives "text", which is palloc'd, to the current context, which wipes it when
 * it goes.  Returns it.
 */
static char *
own_endpoints_text(char *text)
{
	EndpointsText *owned = palloc0(sizeof(EndpointsText));

	owned->text = text;
	owned->len = strlen(text);
	owned->wipe.func = wipe_endpoints_text;
	owned->wipe.arg = owned;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &owned->wipe);
	return text;
}

static void
wipe_endpoints_text(void *arg)
{
	EndpointsText *owned = arg;

	explicit_bzero(owned->text, owned->len);
}

static bool
entry_has_secret(const S3EndpointEntry *entry)
{
	for (int i = 0; i < S3_ENDPOINT_SETTINGS_COUNT; i++)
		if ((s3_setting_defs[i].flags & S3_SETTING_SECRET) != 0 && s3_endpoint_entry_gives(entry, i) &&
			*s3_setting_string(&s3_setting_defs[i], &entry->values) != '\0')
			return true;
	return false;
}

/*
 * Refuses an entry that contradicts itself: it is laid over settings that are
 * compatible with everything.
 */
static bool
check_entry(const S3EndpointEntry *entry, S3Endpoint *endpoint, S3Error *err)
{
	memset(endpoint, 0, sizeof(*endpoint));
	endpoint->scheme = unconstify(char *, entry->scheme);
	endpoint->settings.addressing_style = S3_ADDRESSING_AUTO;
	endpoint->settings.region = "us-east-1";
	endpoint->settings.public_url = "";
	set_entry_only(&endpoint->settings);
	lay_over(entry, &endpoint->settings);
	return build_bases(endpoint, err) || s3_endpoint_entry_refuse(entry->scheme, err);
}

/* An endpoint that cannot be used is kept with the reason: the others can be. */
static void
build_endpoint(const S3EndpointEntry *entry, S3Endpoint *endpoint)
{
	const S3Settings *own = &entry->values;
	S3Error		err;

	endpoint->scheme = unconstify(char *, entry->scheme);
	endpoint->own_keys = is_given(own->access_key_id) ||
		is_given(own->secret_access_key) || is_given(own->session_token);
	endpoint->own_profile = is_given(own->credentials_file) || is_given(own->profile);

	endpoint->settings = s3_guc;
	convert_texts(&endpoint->settings);
	set_entry_only(&endpoint->settings);
	if (endpoint->own_keys)
	{
		/* An ID and its secret come from one source. */
		endpoint->settings.access_key_id = "";
		endpoint->settings.secret_access_key = "";
		endpoint->settings.session_token = "";
	}
	lay_over(entry, &endpoint->settings);
	note_given(entry, endpoint);

	if (!build_bases(endpoint, &err))
		refuse_endpoint(endpoint, &err);
}

static bool
is_given(const char *value)
{
	return value != NULL && *value != '\0';
}

static void
convert_texts(S3Settings *settings)
{
	settings->key_prefix = s3_utf8_cstring(settings->key_prefix, strlen(settings->key_prefix));
	for (int i = 0; i < S3_ENDPOINT_SETTINGS_COUNT; i++)
	{
		char	  **text = (char **) ((char *) settings + s3_setting_defs[i].offset);

		if ((s3_setting_defs[i].flags & S3_SETTING_TEXT) != 0)
			*text = s3_utf8_cstring(*text, strlen(*text));
	}
}

/* Settings that only an endpoint's entry can have begin with their defaults. */
static void
set_entry_only(S3Settings *settings)
{
	for (int i = 0; i < S3_ENDPOINT_SETTINGS_COUNT; i++)
		if ((s3_setting_defs[i].flags & S3_SETTING_ENTRY_ONLY) != 0)
			*(const char **) ((char *) settings + s3_setting_defs[i].offset) = s3_setting_defs[i].initial;
}

/* Copies what the entry gives over the settings. */
static void
lay_over(const S3EndpointEntry *entry, S3Settings *settings)
{
	static const size_t sizes[] = {
		[S3_SETTING_BOOL] = sizeof(bool),
		[S3_SETTING_ENUM] = sizeof(int),
		[S3_SETTING_INT] = sizeof(int),
		[S3_SETTING_STRING] = sizeof(char *)
	};

	for (int i = 0; i < S3_ENDPOINT_SETTINGS_COUNT; i++)
		if (s3_endpoint_entry_gives(entry, i))
			memcpy((char *) settings + s3_setting_defs[i].offset,
				   (const char *) &entry->values + s3_setting_defs[i].offset,
				   sizes[s3_setting_defs[i].type]);
}

/*
 * Records which settings the entry gives, and resolves those that depend on
 * others.
 */
static void
note_given(const S3EndpointEntry *entry, S3Endpoint *endpoint)
{
	const uint64 keys = BIT_OF(access_key_id) | BIT_OF(secret_access_key) |
		BIT_OF(session_token);
	S3Settings *settings = &endpoint->settings;

	endpoint->given = entry->given;
	if (endpoint->own_keys)
		endpoint->given |= keys;
	if (s3_guc.read_only)
	{
		settings->read_only = true;
		endpoint->given &= ~BIT_OF(read_only);
	}

	/* Both choose the class: what the entry says of one overrides both GUCs. */
	if ((entry->given & BIT_OF(storage_class)) != 0)
	{
		settings->reduced_redundancy = false;
		endpoint->given |= BIT_OF(reduced_redundancy);
	}
	else if ((entry->given & BIT_OF(reduced_redundancy)) != 0 &&
			 settings->reduced_redundancy)
	{
		settings->storage_class = S3_STORAGE_CLASS_DEFAULT;
		endpoint->given |= BIT_OF(storage_class);
	}
}

static bool
build_bases(S3Endpoint *endpoint, S3Error *err)
{
	const S3Settings *settings = &endpoint->settings;

	if (!build_base(settings, &endpoint->base, err))
		return false;
	endpoint->signing_region = s3_region_for_signing(settings->region);
	if (!s3_same_server_read(endpoint, err))
		return false;

	if (*settings->public_url != '\0' &&
		!s3_endpoint_url_parse("public_url", settings->public_url, &endpoint->public_base, err))
		return false;

	endpoint->presigning_base = endpoint->base;
	return *settings->endpoint_url_presigning == '\0' ||
		s3_endpoint_url_parse("endpoint_url_presigning", settings->endpoint_url_presigning,
							  &endpoint->presigning_base, err);
}

/* Where requests go: to the endpoint_url, or else to AWS. */
static bool
build_base(const S3Settings *settings, S3EndpointUrl *base, S3Error *err)
{
	S3HostVariant variant = {0};

	variant.dualstack = settings->use_dualstack;
	variant.fips = settings->use_fips;
	variant.accelerate = settings->use_accelerate;
	if (*settings->endpoint_url == '\0')
		return s3_region_endpoint_url(settings->region, &variant,
									  settings->addressing_style, base, err);
	return s3_check_no_variant(&variant, err) &&
		s3_endpoint_url_parse("endpoint_url", settings->endpoint_url, base, err);
}

static void
refuse_endpoint(S3Endpoint *endpoint, S3Error *err)
{
	s3_endpoint_entry_refuse(endpoint->scheme, err);
	endpoint->refusal = palloc(sizeof(S3Error));
	*endpoint->refusal = *err;
}

/* Compares without regard to the case of ASCII letters, whatever the locale. */
static bool
scheme_matches(const char *scheme, S3Slice wanted)
{
	size_t		i;

	for (i = 0; i < wanted.len && scheme[i] != '\0'; i++)
		if (scheme[i] != (char) pg_ascii_tolower((unsigned char) wanted.data[i]))
			return false;
	return i == wanted.len && scheme[i] == '\0';
}

static void
not_configured(S3Slice scheme, S3Error *err)
{
	StringInfoData configured;
	char		shown[S3_ERROR_CODE_MAX];

	s3_error_copy_text(shown, sizeof(shown), scheme);
	initStringInfo(&configured);
	for (int i = 0; i < cache.count; i++)
		appendStringInfo(&configured, "%s\"%s\"", i == 0 ? "" : ", ",
						 cache.endpoints[i].scheme);
	s3_error_set(err, S3_ERROR_UNDEFINED, "scheme \"%s\" is not configured", shown);
	if (cache.count == 0)
		s3_error_detail(err, "No scheme is configured.");
	else
		s3_error_detail(err, "Configured schemes are %s.", configured.data);
	s3_error_hint(err, "%s", s3_scheme_is_web(scheme) ? S3_WEB_HINT :
				  "Add an entry for it to s3store.endpoints.");
}
