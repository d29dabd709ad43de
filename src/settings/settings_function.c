/*-------------------------------------------------------------------------
 *
 * settings_function.c
 *	  Calls the SQL functions that settings name.
 *
 * Guarantees: the name is looked up in its schema, never by the search_path;
 * the function runs with the rights of the current user, who must be allowed
 * to call it.
 *
 *-------------------------------------------------------------------------
 */
#include "base/base.h"

#include "catalog/objectaccess.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "parser/parse_func.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"

#include "backend/compat.h"
#include "backend/encoding.h"
#include "settings/settings_function.h"

static Oid	find_function(const char *setting, const char *name, Oid result_type);
static void check_execute(Oid function);
static void throw_no_function(const char *setting, const char *name,
							  Oid result_type) pg_attribute_noreturn();

struct varlena *
s3_settings_function_call(const char *setting, const char *name, Oid result_type, text *url)
{
	Oid			function;
	FmgrInfo	flinfo;
	Datum		result;

	LOCAL_FCINFO(fcinfo, 1);

	/* It may put objects itself, and so come back here. */
	check_stack_depth();
	function = find_function(setting, s3_server_cstring(name), result_type);
	check_execute(function);

	fmgr_info(function, &flinfo);
	InitFunctionCallInfoData(*fcinfo, &flinfo, 1, DEFAULT_COLLATION_OID, NULL, NULL);
	fcinfo->args[0].value = PointerGetDatum(url);
	fcinfo->args[0].isnull = false;
	result = FunctionCallInvoke(fcinfo);
	return fcinfo->isnull ? NULL : PG_DETOAST_DATUM(result);
}

static Oid
find_function(const char *setting, const char *name, Oid result_type)
{
	Oid			argument = TEXTOID;
	Oid			function;

	function = LookupFuncName(QualifiedNameList(name), 1, &argument, true);
	if (!OidIsValid(function) ||
		get_func_prokind(function) != PROKIND_FUNCTION ||
		get_func_retset(function) ||
		get_func_rettype(function) != result_type)
		throw_no_function(setting, name, result_type);
	return function;
}

static void
check_execute(Oid function)
{
	AclResult	result = FunctionAclCheck(function, GetUserId(), ACL_EXECUTE);

	if (result != ACLCHECK_OK)
		aclcheck_error(result, OBJECT_FUNCTION, get_func_name(function));
	InvokeFunctionExecuteHook(function);
}

static void
throw_no_function(const char *setting, const char *name, Oid result_type)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_FUNCTION),
			 errmsg("function %s(text) returning %s does not exist",
					s3_shown_cstring(name), format_type_be(result_type)),
			 errdetail("The setting s3store.%s, or %s in the endpoint's entry in s3store.endpoints, names it.",
					   setting, setting),
			 errhint("It must take the URL as text and return one %s.",
					 format_type_be(result_type))));
}
