/*
 * undo.pml - does undoing rolled-back puts remove what they have left, and
 * nothing else?
 *
 * One name X, in a bucket without versions.  Two or three puts of it, each in a
 * transaction of its own; the journal with their notes; and of the queue one row
 * u, "undo what was put at X", and one row d, "delete X, whose row is gone".
 *
 *	put			a session that puts X (objects/put_flow.c, journal/intent.c;
 *				s3_admission_of_put, s3_admission_void in queue/admission.c).  It
 *				may die between any two steps; what it has sent may be carried
 *				out later
 *	server		carries out requests whenever it likes, or never
 *	worker		queues u (removal/undo_queue.c), takes u and d through the gate
 *				(drain.c, gate.c, undo_plan.c), and drops notes that nobody needs
 *				(journal.c).  It may die between any two steps, too
 *	deleter		deletes the row that names X, which queues d (functions/fn_manage.c).
 *				Nobody sees d before it commits
 *	syncer		copies X onto itself, for other metadata (bulk/sync_object.c)
 *	namer		writes a row that names X into a followed column; whom it waits
 *				for, and who for it, is removal.pml's matter
 *	outsider	another program that writes X, and knows nothing of us
 *	machine		loses its power: what was not synced is lost
 *
 * What is promised, and where it is asserted:
 *
 *	P1	X is not removed while a committed row names it			carry_out_removal
 *	P1b	what a transaction has put is there when it commits		put
 *	P2	what is undone was put by a transaction that was rolled back; and no
 *		name goes that was taken otherwise: by a put that has committed or is
 *		never undone, by an outsider, or before					carry_out_removal
 *		A deletion does not remove what was put after it was committed, in a
 *		transaction that has committed							carry_out_removal
 *		A put with overwrite off writes over nothing			carry_out
 *	P3	in the end nothing is there that nobody wants, no note and no row;
 *		and a deletion is given up only because of an outsider	audit
 *
 * README.md tells how to run it, and how to read a counterexample.  What takes
 * part, each with -D:
 *
 *	PUTS=2 or 3
 *	SAME		all put the same bytes: the same ETag and size
 *	FREE=bits	puts with overwrite off: 1 is put 0, 3 is puts 0 and 1
 *	KEPT		put 1 is never undone (put_undo off)
 *	CONDITION	the server heeds If-None-Match, which is sent with what was not there
 *	MATCH		and If-Match, sent with what was, and with DELETE: with an outsider
 *				only this shows that its name stays; without, that what it has
 *				written is never taken for ours
 *	DELETER, NAMER, SYNC, OUTSIDER, MACHINE, WORKER_DIES
 *
 * A step left out, each with -D; with any of them a promise is broken:
 *
 *	NOTE_LATE		a put looks at X before it is noted
 *	NO_QUEUE		it does not look at the queue,
 *	QUEUE_EARLY		or does so before it is noted
 *	NO_VOID			it leaves d as it is
 *	SEND_EARLY		it sends before it is on disk what it has found
 *	NO_CONDITION	overwrite off: it sends no condition,
 *	NO_NAME_LOCK	nor locks the name where the server heeds none
 *	NO_RUNS			the gate takes no notice of puts that run,
 *	NO_RUNS_EARLY	or of those that have not looked yet,
 *	NO_UNSURE		or of requests that may still be carried out
 *	NO_COMMITTED	or of puts that have committed,
 *	NO_REPLACE		or of puts that have found something else
 *	NO_OVER			it takes what was put by one of them for something else
 *	NO_CREATE		it removes X though none of the puts has found nothing
 *	NO_MOOT			it judges by puts whose object was gone before
 *	NO_COMPARE		it removes whatever is there
 *	NO_ASK			it does not ask the columns
 *	NO_WAIT			who follows a dead worker does not wait for its requests
 *	NO_FLUSH		notes are settled because of a commit that is not on disk
 *	FORGET_EARLY	a committed put's note is dropped while others are open,
 *	FORGET_UNSEEN	or while others have not looked yet,
 *	FORGET_UNFLUSHED or before its commit is on disk
 *	D_FIRST			d does not wait until puts are undone
 *	D_SINCE_QUEUED	what was written since d was queued counts as an outsider's,
 *	D_NEVER			or nothing does
 *	D_NOT_MET_AGAIN	it is not met again when puts are undone,
 *	D_MET_LATE		or only when they are settled,
 *	D_NOT_LOCKED	or not when a put has locked it
 *	NO_SYNC_NOTE	a sync is not noted,
 *	NO_SYNC_UNSURE	or its note is dropped while its request may be carried out
 *	NO_SYNC_LOOK	it copies though d is queued
 */
#ifndef PUTS
#define PUTS		2
#endif
#ifndef FREE
#define FREE		0
#endif
#define HAS(bits, p)	((bits >> p) & 1)
#define IS_FREE(p)	HAS(FREE, p)
#ifdef KEPT
#define IS_KEPT(p)	(p == 1)
#else
#define IS_KEPT(p)	false
#endif

/* Bytes, as an ETag and a size tell them apart.  0: there is no object. */
#ifdef SAME
#define BYTES(p)	1
#else
#define BYTES(p)	(p + 1)
#endif
#define EARLIER		5			/* of somebody, before */
#define OTHERS		6			/* of the outsider */
#define UNKNOWN		7			/* found: it did not look */
#define NOT_YET		8			/* found: it has not looked yet */
#define NOBODY		9

#if PUTS == 3
#define ANY(f)			(f(0) || f(1) || f(2))
#define ANY_WITH(f, p)	(f(p, 0) || f(p, 1) || f(p, 2))
#define BITS(f)			((f(0) -> 1 : 0) | (f(1) -> 2 : 0) | (f(2) -> 4 : 0))
#define EACH(do)		do(0); do(1); do(2)
#else
#define ANY(f)			(f(0) || f(1))
#define ANY_WITH(f, p)	(f(p, 0) || f(p, 1))
#define BITS(f)			((f(0) -> 1 : 0) | (f(1) -> 2 : 0))
#define EACH(do)		do(0); do(1)
#endif

mtype:outcome = { RUNNING, COMMITTED, ABORTED };
mtype:answer = { NO_ANSWER, STORED, REFUSED };
mtype:time = { BEFORE, BETWEEN, AFTER };	/* d was queued; and was met */
mtype:state = { NO_ROW, PENDING, AGAIN, DELETING, DEAD };	/* AGAIN: pending again */

/* The server */
byte content;					/* the bytes at X */
byte author = NOBODY;			/* the put that wrote them */
bool sent[PUTS];				/* its PUT is under way */
mtype:answer answer[PUTS] = NO_ANSWER;
bool removal;					/* a DELETE is under way: */
bool removal_is_undo;			/* u's, else d's */
byte removal_match;				/* with If-Match */

/* The journal (intent_record.h) */
bool open[PUTS];				/* there is a note, not settled; it says */
byte found[PUTS] = NOT_YET;		/* what was at X, */
byte ended[PUTS];				/* who had ended when it was made (oldest_xid): bits, */
bool answered[PUTS];			/* and that the server has answered */
bool synced[PUTS];

/* The commit log */
mtype:outcome outcome[PUTS] = RUNNING;
bool flushed[PUTS];				/* it is on disk that it has committed */

/* The queue.  A row that a put has made void is off when that commits. */
mtype:state u = NO_ROW, d = NO_ROW;
bool u_marking, d_marking;		/* the gate has locked it */
byte d_held;					/* puts that have locked it FOR KEY SHARE: bits */
byte d_void_by = NOBODY;		/* the put that has made it void, and not ended */
bool d_hidden;					/* it is queued, and not committed */
bool d_met;						/* the gate has met it, when no note was open (met_at) */
mtype:time written = BEFORE;	/* when X was written: what its time tells of d */
bool after_d;					/* X was written after d was committed */
byte name_lock = NOBODY;		/* s3_writer_lock_name */

bool named;						/* a committed row names X */
bool owed;						/* X is taken: not only by rolled-back puts */
bool was_there;					/* ... from the beginning */
bool dies;						/* the worker */

/* The sync */
bool syncs, sync_lives;			/* its note; its session */
bool sync_sent;					/* its request is under way: */
byte sync_source;				/* what it copies, by its ETag */

#define IS_BY(what)	(author != NOBODY && outcome[author] == what)

/*
 * What the journal says together with the commit log: s3_intent_judge.  A put
 * that has ended and had not looked has sent nothing, and does not count.
 */
#ifdef NO_RUNS
#define RUNS(p)		false
#elif defined(NO_RUNS_EARLY)
#define RUNS(p)		(open[p] && found[p] != NOT_YET && (outcome[p] == RUNNING || sent[p]))
#elif defined(NO_UNSURE)
#define RUNS(p)		(open[p] && outcome[p] == RUNNING)
#else
#define RUNS(p)		(open[p] && (outcome[p] == RUNNING || sent[p]))
#endif
#ifdef NO_SYNC_UNSURE
#define SYNC_RUNS	(syncs && sync_lives)
#else
#define SYNC_RUNS	(syncs && (sync_lives || sync_sent))
#endif
#define IS_OPEN(p)	open[p]
#define COUNTS(p)	(open[p] && found[p] != NOT_YET)
#define TO_UNDO(p)	(COUNTS(p) && outcome[p] == ABORTED && !IS_KEPT(p))

/*
 * It had ended, and was answered, when another put was noted, which then looked
 * and found nothing: so what it had put was gone by then.  is_moot
 */
#ifdef NO_MOOT
#define MOOT(p)		false
#else
#define IS_MOOT_BY(p, q)	(COUNTS(q) && found[q] == 0 && HAS(ended[q], p) && answered[p])
#define MOOT(p)		ANY_WITH(IS_MOOT_BY, p)
#endif

#define CREATED(p)	(COUNTS(p) && found[p] == 0)
#ifdef NO_OVER
#define FOUND_OF(p, q)	false
#else
#define FOUND_OF(p, q)	(q != p && COUNTS(q) && !IS_KEPT(q) && found[p] == BYTES(q))
#endif
#ifdef NO_REPLACE
#define REPLACED(p)	false
#else
#define REPLACED(p)	(COUNTS(p) && found[p] != 0 && !ANY_WITH(FOUND_OF, p))
#endif
#ifdef NO_COMMITTED
#define COMMITS(p)	false
#else
#define COMMITS(p)	(COUNTS(p) && outcome[p] == COMMITTED)
#endif
#define KEEPS(p)	(!MOOT(p) && (COMMITS(p) || REPLACED(p)))
#ifdef NO_CREATE
#define X_MAY_GO	!ANY(KEEPS)
#else
#define X_MAY_GO	(ANY(CREATED) && !ANY(KEEPS))
#endif

#ifdef MACHINE
inline flush(p) { flushed[p] = (outcome[p] == COMMITTED) }
#else
inline flush(p) { skip }
#endif

/* A step of a session that lives; or it dies before. */
#define LIVES		outcome[p] == RUNNING
#define OR_DIES		:: true -> goto died

/* s3_intent_begin: appended to the journal, not synced */
#define HAS_ENDED(p)	(open[p] && outcome[p] != RUNNING)

inline note(p)
{
	open[p] = true;
	ended[p] = BITS(HAS_ENDED)
}

/* s3_admission_of_put: it waits where X is being deleted.  u is never made void. */
inline look_at_u(p)
{
	if :: atomic { LIVES && !u_marking && u != DELETING } OR_DIES fi
}

inline look_at_d(p)
{
	if
	:: atomic { LIVES && d != DELETING && !d_marking -> if :: d != NO_ROW -> d_held = d_held | (1 << p) :: else fi }
	OR_DIES
	fi
}

/* s3_admission_void: X is stored */
inline make_d_void(p)
{
#ifndef NO_VOID
	if
	:: atomic { LIVES && (d == NO_ROW || (d_void_by == NOBODY && !d_marking)) -> if :: d != NO_ROW -> d_void_by = p :: else fi }
	OR_DIES
	fi;
#endif
	skip
}

inline look_at_queue(p)
{
#ifndef NO_QUEUE
	if							/* in any order */
	:: true -> look_at_u(p); look_at_d(p)
#ifdef DELETER
	:: true -> look_at_d(p); look_at_u(p)
#endif
	fi;
#endif
	skip
}

/* s3_intent_sync: all that was appended until then is on disk */
inline sync(q) { synced[q] = open[q] }

inline take_off_d() { d = NO_ROW; d_met = false; written = BEFORE; after_d = false }

/* The time at which X was written changes. */
inline write_time() { written = (d_met -> AFTER : (d_hidden || d != NO_ROW -> BETWEEN : BEFORE)) }

/* What was written until now counts as written before d is met. */
inline meet_again()
{
	d_met = false;
	if :: written == AFTER -> written = BETWEEN :: else fi
}

inline end_transaction(p, commits)
{
	d_held = d_held & (7 - (1 << p));
	if
	:: d_void_by == p ->
		d_void_by = NOBODY;
		if :: commits -> take_off_d() :: else fi
	:: else
	fi;
	if :: name_lock == p -> name_lock = NOBODY :: else fi
}

proctype put(byte p)
{
	byte seen;

begin:
#if !defined(CONDITION) && !defined(NO_NAME_LOCK)
	if
	:: IS_FREE(p) -> if :: atomic { LIVES && name_lock == NOBODY -> name_lock = p } OR_DIES fi
	:: else
	fi;
#endif
#ifdef NOTE_LATE
	seen = content;
#endif
#ifdef QUEUE_EARLY
	look_at_queue(p);
#endif
	if :: atomic { LIVES -> note(p) } OR_DIES fi;
#ifndef QUEUE_EARLY
	if :: IS_FREE(p) :: else -> look_at_queue(p) fi;
#endif
#ifndef NOTE_LATE
	if :: atomic { LIVES -> seen = (IS_KEPT(p) -> UNKNOWN : content) } OR_DIES fi;	/* HEAD */
#endif
	if
	:: IS_FREE(p) && seen != 0 -> atomic { LIVES -> open[p] = false; goto died }	/* another name */
#ifndef QUEUE_EARLY
	:: IS_FREE(p) && seen == 0 -> look_at_queue(p)
#endif
	:: else
	fi;
	if
	:: atomic {						/* s3_intent_note_found, s3_intent_sync */
			LIVES -> found[p] = seen; seen = 0;
#ifndef SEND_EARLY
			if :: IS_KEPT(p) :: else -> EACH(sync) fi
#endif
		}
	OR_DIES
	fi;
	if :: atomic { LIVES -> sent[p] = true } OR_DIES fi;
	if
	:: atomic { LIVES && answer[p] == STORED -> answered[p] = true }	/* s3_intent_note_answer */
	:: atomic {						/* note_race: another attempt has another note */
			LIVES && answer[p] == REFUSED ->
			answer[p] = NO_ANSWER; open[p] = false; found[p] = NOT_YET; synced[p] = false;
			if :: IS_FREE(p) -> goto died :: else -> goto begin fi
		}
	OR_DIES
	fi;
	make_d_void(p);
	atomic { if :: name_lock == p -> name_lock = NOBODY :: else fi };
	if
	:: atomic {
			LIVES ->
			assert(content != 0);
			outcome[p] = COMMITTED;
			owed = true;
			end_transaction(p, true);
#ifdef MACHINE
			if :: EACH(flush) :: true fi	/* synchronous_commit may be off */
#endif
		}
	OR_DIES
	fi;
	goto over;
died:
	atomic { if :: LIVES -> outcome[p] = ABORTED :: else fi; end_transaction(p, false) };
over:
	skip
}

#if !defined(CONDITION) || defined(NO_CONDITION)
#define IS_REFUSED(p)	false
#elif defined(MATCH)
#define IS_REFUSED(p)	(found[p] != UNKNOWN && found[p] != content)
#else
#define IS_REFUSED(p)	(found[p] == 0 && content != 0)
#endif
#ifdef MATCH
#define IS_MET		(removal_match == content)
#else
#define IS_MET		true
#endif

inline carry_out(p)
{
	atomic {
		sent[p] ->
		sent[p] = false;
		if
		:: IS_REFUSED(p) -> answer[p] = REFUSED
		:: !IS_REFUSED(p) ->
			/* A request of a dead session cannot be called back. */
			assert(!IS_FREE(p) || outcome[p] != RUNNING || content == 0 || IS_BY(ABORTED));
			content = BYTES(p);
			author = p;
			after_d = (d != NO_ROW);
			write_time();
			answer[p] = STORED;
			if :: IS_KEPT(p) && outcome[p] == RUNNING -> owed = true :: else fi
		:: true							/* it is lost */
		fi
	}
}

inline carry_out_removal()
{
	atomic {
		removal ->
		removal = false;
		if
		:: content != 0 && IS_MET ->
			assert(!named);
			if
			:: removal_is_undo ->
#if !defined(OUTSIDER) || defined(MATCH)
				assert(!owed && IS_BY(ABORTED))
#endif
			:: else ->
				assert(!after_d || !IS_BY(COMMITTED));
#if !defined(OUTSIDER) || defined(MATCH)
				assert(content != OTHERS || written != AFTER);
#endif
				owed = false
			fi;
			content = 0;
			author = NOBODY
		:: else
		fi
	}
}

/* The copy is made of what stands there at one moment, or not at all. */
inline carry_out_sync()
{
	atomic {
		sync_sent ->
		sync_sent = false;
		if
		:: content == sync_source -> write_time()
		:: true						/* it is refused, or lost */
		fi
	}
}

active proctype server()
{
	do
	:: carry_out_sync()
	:: carry_out(0)
	:: carry_out(1)
#if PUTS == 3
	:: carry_out(2)
#endif
	:: carry_out_removal()
	od
}

#ifdef NO_ASK
#define ASK			false
#else
#define ASK			named
#endif

/* Are the bytes that were seen those of a put to undo? */
#define IS_OF_IT(p)		(HAS(undone, p) && seen == BYTES(p))
#ifdef NO_COMPARE
#define IS_OURS		true
#else
#define IS_OURS		ANY(IS_OF_IT)
#endif

inline settle(p) { if :: HAS(undone, p) -> open[p] = false :: else fi }

#define IS_D_FREE	(d_held == 0 && d_void_by == NOBODY)	/* SKIP LOCKED takes it */

/*
 * s3_gate_meet_again: what puts that were rolled back have left under the name,
 * though it was written after d was met, is no new object.
 */
inline meet_d_again()
{
	if
	:: d == NO_ROW || undone == 0
	:: d != NO_ROW && undone != 0 && IS_D_FREE -> meet_again()
	:: d != NO_ROW && undone != 0 && !IS_D_FREE ->
#ifndef D_NOT_LOCKED
		waits = true
#endif
	fi
}

inline forget_all() { atomic { waits = false; goes = false; undone = 0; seen = 0 } }

/* u in drain.c */
inline undo()
{
	atomic {							/* s3_gate_lock */
		!u_marking && (u == PENDING || (u == AGAIN && !ANY(RUNS))) ->
		u_marking = true
	};
	atomic {							/* s3_undo_plan: reads the journal, and judges */
		waits = ANY(RUNS) || SYNC_RUNS;
		undone = BITS(TO_UNDO);
		goes = X_MAY_GO
	};
	goes = goes && !ASK;				/* s3_row_references_ask */
	atomic {							/* s3_gate_mark, and its commit */
		u_marking = false;
#if !defined(D_NOT_MET_AGAIN) && !defined(D_MET_LATE)
		if :: !waits -> meet_d_again() :: else fi;
#endif
		if
		:: waits -> u = AGAIN
		:: !waits && !goes -> u = NO_ROW
		:: else -> u = DELETING
		fi;
#ifndef NO_FLUSH
		EACH(flush)
#endif
	};
	if
	:: !waits ->
		if
		:: goes ->
			atomic {					/* s3_remove_objects: HEAD */
				seen = content;
				assert(!IS_OURS || author != NOBODY)
			};
			if
			:: IS_OURS ->
				atomic { removal = true; removal_is_undo = true; removal_match = seen };
				atomic { !removal }
			:: else
			fi
		:: else
		fi;
		atomic { EACH(settle) };		/* s3_undo_plan_settle */
#ifdef D_MET_LATE
		atomic { meet_d_again() };
#endif
		u = NO_ROW						/* s3_gate_settle */
	:: else
	fi;
	forget_all()
}

/* May it have written, or write yet, what nobody wants?  meet */
#define MAY_LEAVE(p)	(open[p] && (outcome[p] != COMMITTED || sent[p]))

#ifdef D_FIRST
#define BLOCKS_D(p)	RUNS(p)
#else
#define BLOCKS_D(p)	(RUNS(p) || TO_UNDO(p))
#endif

/* A put that is never undone, and had no answer, may have written it in between. */
#define IS_UNKNOWN		(IS_KEPT(1) && outcome[1] == ABORTED)

/*
 * judge_head.  What was written between is asked for once more after delete_grace,
 * and then goes.
 */
#if defined(D_SINCE_QUEUED)
#define IS_MEANT	(written == BEFORE)
#elif defined(D_NEVER)
#define IS_MEANT	true
#else
#define IS_MEANT	(written != AFTER)
#endif

/* d in drain.c */
inline delete()
{
	atomic {							/* s3_gate_lock */
		!d_marking && IS_D_FREE && (d == PENDING || (d == AGAIN && !ANY(BLOCKS_D))) ->
		d_marking = true
	};
	atomic {							/* s3_undo_plan */
		waits = ANY(BLOCKS_D) || SYNC_RUNS;
		if :: ANY(MAY_LEAVE) || syncs -> meet_again() :: else fi
	};
	goes = !ASK;						/* s3_row_references_ask */
	atomic {							/* s3_gate_mark, and its commit */
		d_marking = false;
		if
		:: waits -> d = AGAIN
		:: !waits && !goes -> take_off_d()
		:: else -> d = DELETING; d_met = true
		fi
	};
	if
	:: d == DELETING ->
		atomic {						/* s3_remove_objects: HEAD */
			seen = content;
			goes = IS_MEANT;
			assert(goes || seen == 0 || seen == OTHERS || IS_UNKNOWN)
		};
		if
		:: seen == 0 -> atomic { take_off_d() }
		:: seen != 0 && goes ->
			atomic { removal = true; removal_is_undo = false; removal_match = seen };
			atomic { !removal -> take_off_d() }	/* s3_gate_settle */
		:: seen != 0 && !goes -> d = DEAD
		:: d = PENDING					/* the server fails */
		fi
	:: else
	fi;
	forget_all()
}

/* s3_intent_find_done, for s3_journal_compact */
#ifdef FORGET_EARLY
#define NEEDS(p, q)	false
#elif defined(FORGET_UNSEEN)
#define NEEDS(p, q)	(q != p && COUNTS(q) && (outcome[q] == RUNNING || TO_UNDO(q)))
#else
#define NEEDS(p, q)	(q != p && open[q] && (outcome[q] == RUNNING || TO_UNDO(q)))
#endif

inline forget(p)
{
	atomic {
		open[p] && outcome[p] != RUNNING && !TO_UNDO(p) && !ANY_WITH(NEEDS, p) ->
		open[p] = false;
#ifndef FORGET_UNFLUSHED
		EACH(flush)
#endif
	}
}

inline forget_sync() { atomic { syncs && !SYNC_RUNS -> syncs = false } }

active proctype worker()
{
	bool waits, goes;
	byte undone, seen;

starts:
	{
		do
		:: atomic { ANY(TO_UNDO) && u == NO_ROW -> u = PENDING }	/* s3_undo_queue */
		:: undo()
#ifdef DELETER
		:: delete()
#endif
		:: forget_sync()
		:: forget(0)
		:: forget(1)
#if PUTS == 3
		:: forget(2)
#endif
		od
	} unless { atomic { dies -> dies = false } };
	atomic { u_marking = false; d_marking = false; forget_all() };
	atomic {							/* s3_gate_recover */
#ifndef NO_WAIT
		!removal ->
#endif
		if :: u == DELETING -> u = PENDING :: else fi;
		if :: d == DELETING -> d = PENDING :: else fi
	};
	goto starts
}

#ifdef WORKER_DIES
active proctype killer() { dies = true }
#endif

#ifdef DELETER
active proctype deleter()
{
	atomic { owed || named -> d_hidden = true; written = BEFORE };
	atomic { d_hidden = false; d = PENDING; owed = false; named = false; after_d = false }
}
#endif

#ifdef NO_SYNC_LOOK
#define NO_LOOK		true
#else
#define NO_LOOK		false
#endif

#ifdef SYNC
active proctype syncer()
{
	atomic { sync_lives = true; sync_source = content };	/* HEAD */
#ifndef NO_SYNC_NOTE
	syncs = true;						/* s3_intent_begin */
#endif
	if
#ifndef NO_SYNC_LOOK
	:: d != NO_ROW						/* is_doomed */
#endif
	:: atomic { sync_source != 0 && (d == NO_ROW || NO_LOOK) -> sync_sent = true };
		if
		:: !sync_sent -> syncs = false	/* it is answered */
		:: true							/* it dies */
		fi
	:: true								/* it finds a put, or dies */
	fi;
	atomic { sync_lives = false }
}
#endif

#ifdef NAMER
active proctype namer()
{
	atomic { content != 0 && !u_marking && !d_marking && u != DELETING && d != DELETING -> named = true }
}
#endif

#ifdef OUTSIDER
active proctype outsider()
{
	atomic { content = OTHERS; author = NOBODY; after_d = (d != NO_ROW); write_time(); owed = true }
}
#endif

#ifdef MACHINE
#define IS_FLUSHED(p)	flushed[p]

inline lose(p)
{
	if :: !flushed[p] -> outcome[p] = ABORTED :: else fi;
	if :: !synced[p] -> open[p] = false :: else fi
}

active proctype machine()
{
	atomic {
		EACH(lose);
		owed = was_there || ANY(IS_FLUSHED);
		name_lock = NOBODY;
		dies = true
	}
}
#endif

/* When nothing happens any more */
active proctype audit()
{
	timeout ->
	assert(!ANY(IS_OPEN));
	assert(u == NO_ROW && (d == NO_ROW || d == DEAD));
	assert(!syncs);
	assert(d != DEAD || !IS_BY(COMMITTED));
	assert(content == 0 || owed || named || IS_UNKNOWN)
}

init {
	atomic {
		if
		:: true
		:: content = EARLIER; owed = true; was_there = true
#ifdef SAME
		:: content = BYTES(0); owed = true; was_there = true
#endif
		fi;
		run put(0);
		run put(1);
#if PUTS == 3
		run put(2)
#endif
	}
}
