/*
 * removal.pml - is an object deleted only when no row can name it any more?
 *
 * One object X; two followed columns, 1 and 2; and up to two rows of the queue,
 * q[0] and q[1], which say that X is to be deleted.
 *
 *	writer		a transaction that has read a row which names X, and names X in
 *				another one (functions/fn_manage.c; s3_started_look in
 *				queue/started.c, s3_admission_of_row in admission.c).  It may have read long before it locks the
 *				table, as REPEATABLE READ and functions do; it may go back to a
 *				savepoint, and may be prepared
 *	deleter		a transaction that deletes a row which names X, and so queues
 *				q[k] (fn_manage.c, s3_queue_insert)
 *	put			a transaction that stores X again, and may name it in a row
 *				(objects/put_flow.c; s3_admission_of_put, s3_admission_void)
 *	worker		the gate (removal/drain.c, gate.c).  It may die between two steps
 *	server		carries out the DELETE that was sent, whenever it likes
 *	follower	makes column 2 a followed one (functions/fn_follow.c)
 *	detacher	makes rows of column 1 those of column 2, and this a followed one: a
 *				partition that is detached, with s3_follow in the same transaction
 *	crash		of PostgreSQL or the machine: what is not prepared is rolled
 *				back, and what is not on disk is lost
 *
 * What is promised, and where it is asserted:
 *
 *	P1	X is there as long as a committed row names it					check
 *	P1b	a transaction that has put X is not refused because X was deleted,
 *		X is there when it commits, and stays until a row that named it is
		deleted after that												put, server
 *	P3	what no row names any more goes, and no row of the queue is left
 *																		audit
 *
 * README.md tells how to run it, and how to read a counterexample.  What takes
 * part, each with -D:
 *
 *	WRITERS=0..2, DELETERS=0..2, PUT, FOLLOWER, DETACHER, WORKER_DIES, CRASH
 *	MOVE		a writer may delete the row that it has read, in the same
 *				transaction
 *
 * A step left out, each with -D; with any of them a promise is broken:
 *
 *	NO_LOOK			a trigger does not look at the queue,
 *	OLD_LOOK		or sees the queue as its transaction's snapshot does
 *	NO_CLAIMS		it takes no notice of what is not started, though the gate has
 *					found out already whom it waits for,
 *	CLAIMS_SHORT	or does not know so any longer when it marks
 *	NO_LOCK			it does not lock the row of the queue,
 *	SHORT_LOCK		or not to the end of its transaction
 *	NO_REFUSAL		it goes on though X is being deleted
 *	NO_GONE			nothing tells later that X is gone,
 *	GONE_FOR_LOCKS	or only those who have locked a table,
 *	GONE_EARLY		or it is forgotten at once
 *	NO_WAIT			the gate waits for no writer,
 *	WAIT_EARLY		or finds out who writes before it looks at the queue
 *	NO_PREPARED		it does not wait for prepared transactions,
 *	PREPARED_NEW	or takes one for another than it was before: pg_locks shows it
 *					with the same virtual transaction, since 13.5 and 14.1
 *	NO_SKIP			it goes on though somebody has locked the row of the queue
 *	ASK_EARLY		it asks the columns before it locks that row
 *	ONE_COLUMN		it asks only the column whose row was deleted,
 *	NO_READ_AGAIN	or does not look, once it has asked them, which are followed by then
 *	NO_FLUSH		it sends before it is on disk that X is being deleted
 *	NO_JOURNAL		it takes no notice of puts that run
 *	NO_HOLD			a put does not wait until X is deleted,
 *	NO_VOID			and does not make the row of the queue void,
 *	NO_VOID_GONE	or does not when X is gone
 *	NO_UNSURE		who follows a dead worker does not wait for its requests
 */
#ifndef WRITERS
#define WRITERS		1
#endif
#ifndef DELETERS
#define DELETERS	1
#endif
#define PUTTER		2			/* number of the put; writers are 0 and 1 */
#define OLD			3			/* number of the row that is there before them */

mtype:row = { OUT, NEW, COMMITTED };
mtype:state = { NO_ROW, PENDING, DELETING, GONE };

/* The server */
bool object = true;
bool request;					/* a DELETE is under way */

/* Rows that name X, by who has written them */
mtype:row row[4] = OUT;
byte column[4];
bool followed = true;			/* is column 2? */

/* Transactions: the writers, the put */
bool open[3];					/* it has read, and may still write */
byte lock[3];					/* the column whose table it has locked */
bool prepared[3];
bool crashed[3];
bool note;						/* the journal says that the put runs */

/* The queue */
mtype:state q[2] = NO_ROW;
bool queued[2];					/* a row has one ID, which is used once */
byte shared[2];					/* who has locked it FOR KEY SHARE: bits */
bool voids[2];					/* the put has made it void, and not ended */
bool stays_stored;				/* no row that names X was deleted since it was put */
bool marking[2];				/* the gate has locked it */
bool asking;					/* it has locked the tables that it asks */
bool claiming;					/* it has found out whom to wait for, and has not marked yet */
byte gone_for[2];				/* who began before X was gone: bits */
#ifdef ONE_COLUMN
byte from[2];					/* the column whose row was deleted */
#endif

bool dies;						/* the worker */

#define BIT(condition, i)	((condition -> 1 : 0) << i)
#define HAS(bits, i)		((bits >> i) & 1)
#define IS_IN(i, c)			(row[i] == COMMITTED && column[i] == c)
#define ANY_IN(c)			(IS_IN(0, c) || IS_IN(1, c) || IS_IN(2, c) || IS_IN(3, c))
#define NAMED				(ANY_IN(1) || (followed && ANY_IN(2)))
#ifdef NO_VOID
#define IS_VOID(k)			false
#else
#define IS_VOID(k)			voids[k]
#endif
#define IS_FREE(k)			(shared[k] == 0 && !IS_VOID(k))	/* SKIP LOCKED takes it */

inline check() { assert(!NAMED || object) }

/* What a crash leaves: all commits up to the last one that was flushed. */
#ifdef CRASH
mtype:row row_on_disk[4] = OUT;
mtype:state q_on_disk[2] = NO_ROW;
#define ON_DISK(r)			(row[r] == NEW -> OUT : row[r])

inline flush()
{
	row_on_disk[0] = ON_DISK(0); row_on_disk[1] = ON_DISK(1);
	row_on_disk[2] = ON_DISK(2); row_on_disk[3] = ON_DISK(3);
	q_on_disk[0] = q[0]; q_on_disk[1] = q[1]
}
inline may_flush() { if :: flush() :: true fi }	/* synchronous_commit may be off */
#else
inline flush() { skip }
inline may_flush() { skip }
#endif

/* s3_queue_insert, for the row that r wrote */
#define IS_FOLLOWED(r)		(row[r] == COMMITTED && (column[r] == 1 || followed))

inline queue_row(k, r)
{
#ifdef ONE_COLUMN
	from[k] = column[r];
#endif
	row[r] = OUT;
	q[k] = PENDING;
	stays_stored = false;
	queued[k] = true
}

inline unlock_queue(me)
{
	shared[0] = shared[0] & (7 - (1 << me));
	shared[1] = shared[1] & (7 - (1 << me))
}

inline end_transaction(me)
{
	unlock_queue(me);
	open[me] = false; lock[me] = 0; prepared[me] = false;
	if :: me == PUTTER -> note = false; voids[0] = false; voids[1] = false :: else fi
}

inline take_off(k) { q[k] = NO_ROW; gone_for[k] = 0 }

#define IS_MET(k)			(q[k] == NO_ROW || voids[k])

inline commit(me)
{
	row[me] = (row[me] == NEW -> COMMITTED : row[me]);
	stays_stored = stays_stored || (me == PUTTER && IS_MET(0) && IS_MET(1));
	if :: me == PUTTER && IS_VOID(0) -> take_off(0) :: else fi;
	if :: me == PUTTER && IS_VOID(1) -> take_off(1) :: else fi;
#ifdef MOVE
	if
	:: me != PUTTER && !queued[me] && IS_FOLLOWED(OLD) -> queue_row(me, OLD)
	:: me != PUTTER && !queued[me] && IS_FOLLOWED(1 - me) -> queue_row(me, 1 - me)
	:: true
	fi;
#endif
	end_transaction(me);
	may_flush();
	check()
}

inline abort(me)
{
	row[me] = (row[me] == NEW -> OUT : row[me]);
	end_transaction(me)
}

/*
 * visit_row in admission.c, for a row that names X.  Where X is being deleted,
 * the transaction waits and looks again (the step comes later), or has waited
 * long enough.
 */
#define IS_PAST(k, me)		(q[k] == NO_ROW || (me == PUTTER && IS_VOID(k)))

inline look(k, me)
{
	atomic {
		!marking[k] ->
		if
#ifdef OLD_LOOK
		:: !HAS(saw, k)
#endif
		:: IS_PAST(k, me)
		:: q[k] == PENDING && !IS_PAST(k, me) ->
#ifndef NO_LOCK
			shared[k] = shared[k] | (1 << me)
#endif
		:: q[k] == DELETING ->
#ifndef NO_REFUSAL
			late = true
#endif
		:: q[k] == GONE && !IS_PAST(k, me) -> late = late || HAS(gone_for[k], me)
		fi
	}
}

/* s3_started_look; a statement may also look at each row (the first ones do) */
#ifdef NO_CLAIMS
#define MAY_CLAIM			false
#else
#define MAY_CLAIM			claiming
#endif
#define IS_STARTED(k)		(q[k] == DELETING || q[k] == GONE)

inline look_at_started(me)
{
	atomic { started = BIT(IS_STARTED(0), 0) | BIT(IS_STARTED(1), 1) };
	if
	:: HAS(started, 0) -> look(0, me)
	:: else
	fi;
	if
	:: HAS(started, 1) -> look(1, me)
	:: else
	fi;
	started = 0
}

/* A row that names X, and its trigger, if the column has one */
inline insert(me)
{
	atomic { row[me] = NEW; column[me] = lock[me] };
#ifndef NO_LOOK
	if
	:: column[me] == 1 || followed -> look(0, me); look(1, me)
	:: (column[me] == 1 || followed) && !MAY_CLAIM -> look_at_started(me)
	:: else
	fi;
#endif
#ifdef SHORT_LOCK
	atomic { unlock_queue(me) };
#endif
	skip
}

/* The first snapshot: whoever reads X later in its transaction is less late. */
inline read(me)
{
	open[me] = true;
	knows = NAMED;
#ifdef OLD_LOOK
	saw = BIT(q[0] != NO_ROW, 0) | BIT(q[1] != NO_ROW, 1)
#endif
}

inline lock_table(me)
{
	if
	:: lock[me] = 1
#ifdef DETACHER
	:: followed -> lock[me] = 2			/* before, it is a part of column 1 */
#else
	:: lock[me] = 2
#endif
	fi
}

proctype writer(byte me)
{
	bool knows, late;
	byte started;
#ifdef OLD_LOOK
	byte saw;
#endif

	{
		if
		:: atomic { read(me) }; atomic { lock_table(me) }
		:: atomic { lock_table(me) }; atomic { read(me) }
		fi;
		do
		:: knows ->
			insert(me);
			if
			:: atomic { !late -> commit(me) }; break
			:: atomic { !late -> prepared[me] = true; open[me] = false; flush() };
				if
				:: atomic { commit(me) }
				:: atomic { abort(me) }
				fi;
				break
			:: atomic {				/* ROLLBACK TO a savepoint */
					row[me] = OUT; late = false; lock[me] = 0;
					unlock_queue(me)
				};
				atomic { lock_table(me) }
			:: knows = false		/* gives up */
			fi
		:: !knows -> atomic { abort(me) }; break
		od
	} unless { crashed[me] }
}

/* s3_admission_of_put: waits where X is being deleted */
inline hold(k)
{
#ifndef NO_HOLD
	atomic {
		!marking[k] && q[k] != DELETING ->
		if
		:: q[k] == PENDING -> shared[k] = shared[k] | (1 << me)
		:: else
		fi
	};
#endif
	skip
}

/* s3_admission_void: those, too, that were queued meanwhile */
inline make_void(k)
{
	atomic {
		!marking[k] ->
#ifdef NO_VOID_GONE
		voids[k] = q[k] == PENDING
#else
		voids[k] = q[k] != NO_ROW
#endif
	}
}

proctype put(byte me)
{
	bool knows, late;
	byte started;
#ifdef OLD_LOOK
	byte saw;
#endif

	{
		atomic { read(me); note = true };	/* s3_intent_begin */
		hold(0);
		hold(1);
		object = true;
		make_void(0);
		make_void(1);
		if
		:: true							/* the row comes in another transaction */
		:: atomic { lock_table(me) };
			insert(me);
			assert(!late)
		fi;
		if
		:: atomic { assert(object); commit(me); flush() }
		:: atomic { abort(me) }
		fi
	} unless { crashed[me] }
}

/* In one step: nobody sees what it does before it commits. */
proctype deleter(byte k)
{
	atomic {
		!queued[k] && NAMED ->
		if
		:: IS_FOLLOWED(0) -> queue_row(k, 0)
		:: IS_FOLLOWED(1) -> queue_row(k, 1)
		:: IS_FOLLOWED(2) -> queue_row(k, 2)
		:: IS_FOLLOWED(3) -> queue_row(k, 3)
		fi;
		may_flush()
	}
}

/* Whom the gate waits for: s3_table_writers_collect, s3_writer_wait_note */
#ifdef NO_PREPARED
#define WRITES(i)			(lock[i] != 0 && (lock[i] == 1 || asks_2) && !prepared[i])
#else
#define WRITES(i)			(lock[i] != 0 && (lock[i] == 1 || asks_2))
#endif

inline collect() { atomic { waits[0] = WRITES(0); waits[1] = WRITES(1); waits[2] = WRITES(2) } }
#ifdef PREPARED_NEW
inline wait_for(i) { atomic { !(waits[i] && WRITES(i) && !prepared[i]) -> waits[i] = false } }
#else
inline wait_for(i) { atomic { !(waits[i] && WRITES(i)) -> waits[i] = false } }
#endif

#ifdef ONE_COLUMN
#define ASK_1(k)			(ANY_IN(1) && from[k] == 1)
#define ASK_2(k)			(ANY_IN(2) && from[k] == 2)
#else
#define ASK_1(k)			ANY_IN(1)
#define ASK_2(k)			(ANY_IN(2) && asks_2)
#endif
#ifdef NO_SKIP
#define MAY_LOCK(k)			true
#else
#define MAY_LOCK(k)			IS_FREE(k)
#endif
#ifdef NO_JOURNAL
#define A_PUT_RUNS			false
#else
#define A_PUT_RUNS			note
#endif

#define OPEN				(BIT(open[0], 0) | BIT(open[1], 1) | BIT(open[2], 2))
#define LOCKING				(BIT(lock[0] != 0, 0) | BIT(lock[1] != 0, 1) | BIT(lock[2] != 0, 2))

/*
 * s3_gate_settle.  Those who were open when X was marked may know it; if there
 * are any left, all who began before this are refused.
 */
inline settle(k)
{
	may_know = may_know & OPEN;
#ifdef NO_GONE
	q[k] = NO_ROW;
#elif defined(GONE_FOR_LOCKS)
	gone_for[k] = LOCKING;
	q[k] = (gone_for[k] != 0 -> GONE : NO_ROW);
#else
	if
	:: may_know != 0 -> q[k] = GONE; gone_for[k] = OPEN
	:: else -> q[k] = NO_ROW
	fi;
#endif
	may_know = 0
}

inline gate(k)
{
	/* s3_gate_look.  What cannot be done now is tried again, later. */
	atomic { q[k] == PENDING && IS_FREE(k) && !A_PUT_RUNS };
	claiming = true;				/* s3_writer_wait_begin */
	asks_2 = followed;				/* s3_managed_columns_read */
#ifndef NO_WAIT
#ifndef WAIT_EARLY
	collect();
#endif
	wait_for(0);
	wait_for(1);
	wait_for(2);
#endif
#ifdef ASK_EARLY
	stays = ASK_1(k);
	stays = stays || ASK_2(k);
#endif
#ifdef CLAIMS_SHORT
	claiming = false;
#endif
	/* s3_gate_lock */
	marking[k] = q[k] == PENDING && MAY_LOCK(k);
	if
	:: !marking[k] -> claiming = false
	:: else ->
		again = A_PUT_RUNS;				/* s3_undo_plan reads the journal */
#ifndef ASK_EARLY
		atomic { stays = ASK_1(k); asking = true };	/* s3_row_references_ask */
		stays = stays || ASK_2(k);
#endif
#ifndef NO_READ_AGAIN
		again = again || (followed && !asks_2);	/* s3_managed_columns_read */
#endif
		atomic {						/* s3_gate_mark, and its commit */
			marking[k] = false;
			claiming = false;
			asking = false;
			if
			:: again
			:: !again && stays -> take_off(k)
			:: else -> q[k] = DELETING
			fi;
#ifndef NO_FLUSH
			flush()
#endif
		};
		if
		:: q[k] == DELETING ->
			may_know = OPEN;			/* s3_gate_marked */
			request = true;				/* s3_remove_objects */
			atomic { !request -> settle(k); may_flush() }
		:: else
		fi
	fi;
	atomic { again = false; stays = false; asks_2 = false }
}

/* s3_gate_forget */
#ifdef GONE_EARLY
#define MAY_KNOW(k)			0
#elif defined(GONE_FOR_LOCKS)
#define MAY_KNOW(k)			(gone_for[k] & LOCKING)
#else
#define MAY_KNOW(k)			(gone_for[k] & OPEN)
#endif

inline forget(k)
{
	atomic { q[k] == GONE && !IS_VOID(k) && MAY_KNOW(k) == 0 -> take_off(k); may_flush() }
}

/* s3_gate_recover; and a look at X when no request can come any more */
#ifdef NO_UNSURE
#define IS_SURE				true
#else
#define IS_SURE				!request
#endif

inline recover(k)
{
	if
	:: atomic {
			q[k] == DELETING && IS_SURE ->
			may_know = OPEN;
			if
			:: object -> q[k] = PENDING; may_know = 0
			:: else -> settle(k)
			fi
		}
	:: q[k] != DELETING
	fi
}

active proctype worker()
{
	bool waits[3], again, stays, asks_2;
	byte may_know;

starts:
	{
		recover(0);
		recover(1);
		do
		:: gate(0)
		:: gate(1)
		:: forget(0)
		:: forget(1)
#ifdef WAIT_EARLY
		:: collect()
#endif
		od
	} unless { atomic { dies -> dies = false } };
	atomic {
		waits[0] = false; waits[1] = false; waits[2] = false;
		again = false; stays = false; asks_2 = false; may_know = 0;
		marking[0] = false; marking[1] = false; claiming = false; asking = false
	};
	goto starts
}

active proctype server()
{
	do
	:: atomic { request -> assert(!stays_stored || !object); object = false; request = false; check() }
	od
}

#ifdef FOLLOWER
inline unguarded(i) { if :: IS_IN(i, 2) -> row[i] = OUT :: else fi }

/*
 * CREATE TRIGGER waits for those who write the table, and keeps others out.  What
 * stands there is guarded from now on: not from a deletion that is marked.
 */
active proctype follower()
{
	atomic {
		lock[0] != 2 && lock[1] != 2 && lock[2] != 2 ->
		followed = true;
		if
		:: marking[0] || marking[1] || q[0] == DELETING || q[1] == DELETING || !object ->
			unguarded(0); unguarded(1); unguarded(2)
		:: else
		fi
	}
}
#endif

#ifdef DETACHER
inline detach(i) { if :: IS_IN(i, 1) -> column[i] = 2 :: else fi }

/* It locks both tables, and nobody else has one of them locked then. */
active proctype detacher()
{
	atomic {
		lock[0] == 0 && lock[1] == 0 && lock[2] == 0 && !asking ->
		followed = true;
		detach(0); detach(1); detach(2); detach(OLD)
	}
}
#endif

#ifdef CRASH
inline lose(i)
{
	if
	:: !prepared[i] -> end_transaction(i); crashed[i] = true; row[i] = row_on_disk[i]
	:: else
	fi
}

active proctype crash()
{
	atomic {
		lose(0); lose(1); lose(2);
		stays_stored = false;
		row[OLD] = row_on_disk[OLD];
		q[0] = q_on_disk[0];
		q[1] = q_on_disk[1];
		check();
		dies = true
	}
}
#elif defined(WORKER_DIES)
active proctype crash() { dies = true }
#endif

/* When nothing happens any more.  What a put has stored is undo.pml's matter. */
active proctype audit()
{
	timeout ->
	assert(q[0] == NO_ROW && q[1] == NO_ROW);
#ifndef PUT
	assert(NAMED || !object)
#endif
}

init {
	atomic {
		row[OLD] = COMMITTED;
		column[OLD] = 1;
		flush();
#if defined(FOLLOWER) || defined(DETACHER)
		followed = false;
#endif
#if WRITERS > 0
		run writer(0);
#endif
#if WRITERS > 1
		run writer(1);
#endif
#ifdef PUT
		run put(PUTTER);
#endif
#if DELETERS > 0
		run deleter(0);
#endif
#if DELETERS > 1
		run deleter(1)
#endif
	}
}
