/*-------------------------------------------------------------------------
 *
 * compat.h
 *	  What differs between PostgreSQL 13 and 18, but for a few lines in
 *	  encoding.c and shared_memory.c.
 *
 *-------------------------------------------------------------------------
 */
#ifndef S3STORE_COMPAT_H
#define S3STORE_COMPAT_H

#if PG_VERSION_NUM < 130000
#error "s3store needs PostgreSQL 13 or later"
#endif

/* Since 16, values of variable length have a header of their own. */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/* Before 15, unknown settings under our prefix are only warned about. */
#if PG_VERSION_NUM < 150000
#define MarkGUCPrefixReserved(prefix)	EmitWarningsOnPlaceholders(prefix)
#endif

/* Before 14, string keys are the default of hash tables. */
#if PG_VERSION_NUM < 140000
#define HASH_STRINGS	0
#endif

/* Before 15, a NOTIFY outside of a client's command is not sent by itself. */
#if PG_VERSION_NUM >= 150000
#define SendNotifications()	((void) 0)
#else
#define SendNotifications()	ProcessCompletedNotifies()
#endif

/* All settings that this process knows; the array may be palloc'd. */
#if PG_VERSION_NUM >= 160000
#define GetAllSettings(count)	get_guc_variables(count)
#else
#define GetAllSettings(count)	(*(count) = GetNumConfigOptions(), get_guc_variables())
#endif

/* Whether a role was granted a setting that is for superusers. */
#if PG_VERSION_NUM >= 150000
#define MaySetParameter(name, role) \
	(pg_parameter_aclcheck(name, role, ACL_SET) == ACLCHECK_OK)
#else
#define MaySetParameter(name, role)	superuser_arg(role)
#endif

/* Has this process the lock? */
#if PG_VERSION_NUM >= 170000
#define IsLockHeldByMe(tag, mode)	LockHeldByMe(tag, mode, false)
#else
#define IsLockHeldByMe(tag, mode)	LockHeldByMe(tag, mode)
#endif

/* A scan of an index, without counts of its steps. */
#if PG_VERSION_NUM >= 180000
#define BeginIndexScan(table, index, snapshot, nkeys) \
	index_beginscan(table, index, snapshot, NULL, nkeys, 0)
#else
#define BeginIndexScan(table, index, snapshot, nkeys) \
	index_beginscan(table, index, snapshot, nkeys, 0)
#endif

/* A name such as schema.function, taken apart; throws when it is none. */
#if PG_VERSION_NUM >= 160000
#define QualifiedNameList(name)	stringToQualifiedNameList(name, NULL)
#else
#define QualifiedNameList(name)	stringToQualifiedNameList(name)
#endif

/* Whether a role may do that with a function. */
#if PG_VERSION_NUM >= 160000
#define FunctionAclCheck(function, role, mode) \
	object_aclcheck(ProcedureRelationId, function, role, mode)
#else
#define FunctionAclCheck(function, role, mode) \
	pg_proc_aclcheck(function, role, mode)
#endif

/* The oldest transaction whose outcome can still be asked for. */
#if PG_VERSION_NUM >= 170000
#define OldestClogXid()	(TransamVariables->oldestClogXid)
#else
#define OldestClogXid()	(ShmemVariableCache->oldestClogXid)
#endif

/* A record of the current transaction in the WAL, not flushed. */
#if PG_VERSION_NUM >= 170000
#define LogTransactionMessage(prefix, message, size) \
	LogLogicalMessage(prefix, message, size, true, false)
#else
#define LogTransactionMessage(prefix, message, size) \
	LogLogicalMessage(prefix, message, size, true)
#endif

/* A row that is new and no duplicate of any other, into a B-tree. */
#if PG_VERSION_NUM >= 140000
#define IndexInsert(index, values, nulls, tid, table) \
	index_insert(index, values, nulls, tid, table, UNIQUE_CHECK_NO, false, NULL)
#else
#define IndexInsert(index, values, nulls, tid, table) \
	index_insert(index, values, nulls, tid, table, UNIQUE_CHECK_NO, NULL)
#endif

/* Before 14, the role that reads all statistics has another name. */
#if PG_VERSION_NUM < 140000
#define ROLE_PG_READ_ALL_STATS	DEFAULT_ROLE_READ_ALL_STATS
#endif

#if PG_VERSION_NUM >= 140000
#include "utils/wait_event.h"
#else
#include "pgstat.h"
#endif

/* What pg_stat_activity shows; before 17 extensions share one name. */
#if PG_VERSION_NUM >= 170000
#define NewExtensionWaitEvent(name)	WaitEventExtensionNew(name)
#else
#define NewExtensionWaitEvent(name)	PG_WAIT_EXTENSION
#endif

/* A WaitEventSet that lives as long as the session. */
#if PG_VERSION_NUM >= 170000
#define CreateSessionWaitEventSet(nevents)	CreateWaitEventSet(NULL, nevents)
#else
#define CreateSessionWaitEventSet(nevents)	CreateWaitEventSet(TopMemoryContext, nevents)
#endif

#endif							/* S3STORE_COMPAT_H */
