# shellcheck shell=bash
#
# common.sh - what the throwaway servers share; sourced by them, never run.
#
# A server lives in one directory: DIR/run/NAME.pid, DIR/log/NAME.log, DIR/env.
# The file DIR/.s3store-KIND marks it, so that we never use, and never stop,
# what is not ours.  A daemon carries S3STORE_SERVER=DIR/NAME in its
# environment; a pid file counts only when its process has that too.

PYTHON=/usr/bin/python3			# Debian's: rados and swift belong to it
ME=$(basename "$0")
DEADLINE=60						# seconds for a server to come up

die() {
	echo "$ME: $*" >&2
	exit 1
}

# die_with_log NAME MESSAGE: the end of the log says why
die_with_log() {
	local log=$DIR/log/$1.log
	shift
	{
		echo "$ME: $*; the end of $log:"
		tail -n 25 -- "$log" 2>&1 | sed 's/^/  | /'
	} >&2
	exit 1
}

# new_dir: make DIR ours, or find that it is
new_dir() {
	[ -n "$DIR" ] || die "which directory?"
	mkdir -p -- "$DIR"
	DIR=$(cd -- "$DIR" && pwd -P)
	if [ ! -e "$DIR/.s3store-$ME" ] && [ -n "$(ls -A -- "$DIR")" ]; then
		die "$DIR is not empty, and no server of ours is in it"
	fi
	chmod a+x -- "$DIR"			# PostgreSQL reads the CA file as another user
	: >"$DIR/.s3store-$ME"
	mkdir -p -- "$DIR/run" "$DIR/log"
	chmod 700 -- "$DIR/log"			# secrets may stand in it
	cd /							# Debian 13's ceph-osd finds its classes only from there
}

# old_dir: DIR must be one that new_dir made
old_dir() {
	[ -e "${DIR:-.}/.s3store-$ME" ] || die "no server of ours in \"$DIR\""
	DIR=$(cd -- "$DIR" && pwd -P)
}

# free_ports N: outside the ephemeral range, so that no outgoing connection
# takes one while the server is down for a restart
free_ports() {
	"$PYTHON" - "$1" <<-'END'
		import random, socket, sys
		found = []
		while len(found) < int(sys.argv[1]):
		    s = socket.socket()
		    try:
		        s.bind(('127.0.0.1', random.randrange(20000, 32000)))
		        found.append(s)
		    except OSError:
		        s.close()
		print(*[s.getsockname()[1] for s in found])
	END
}

# alive NAME
alive() {
	local pid
	pid=$(cat "$DIR/run/$1.pid" 2>/dev/null) || return 1
	[ -n "$pid" ] && grep -qszxF "S3STORE_SERVER=$DIR/$1" "/proc/$pid/environ"
}

# spawn NAME COMMAND...: in its own session, with no stdio of ours.  The mark
# comes with the last of the three execs: in the midst of one, /proc shows none.
spawn() {
	local name=$1 pid
	shift
	setsid env S3STORE_SERVER="$DIR/$name" "$@" </dev/null >>"$DIR/log/$name.log" 2>&1 &
	pid=$!
	echo "$pid" >"$DIR/run/$name.pid"
	while [ -d "/proc/$pid" ] && ! alive "$name"; do
		sleep 0.01
	done
}

# halt NAME SECONDS: false when it had to be killed
halt() {
	local name=$1 pid end=$((SECONDS + $2)) clean=0
	if alive "$name"; then
		pid=$(cat "$DIR/run/$name.pid")
		kill -TERM "$pid" 2>/dev/null || true
		while alive "$name" && [ $SECONDS -le $end ]; do
			sleep 0.05
		done
		if alive "$name"; then
			kill -KILL "$pid" 2>/dev/null || true
			clean=1
		fi
	fi
	rm -f -- "$DIR/run/$name.pid"
	return $clean
}

# A CA of its own, and a certificate for localhost signed by it
write_certificates() {
	local tls=$DIR/tls
	local new=(openssl req -config "$HERE/openssl.cnf" -newkey ec
		-pkeyopt ec_paramgen_curve:P-256 -nodes)
	mkdir -p "$tls"
	{
		"${new[@]}" -x509 -days 30 -subj "/CN=s3store test CA" -extensions ca \
			-keyout "$tls/ca.key" -out "$tls/ca.pem" &&
		"${new[@]}" -subj "/CN=localhost" -keyout "$tls/server.key" -out "$tls/server.csr" &&
		openssl x509 -req -days 30 -in "$tls/server.csr" -out "$tls/server.pem" \
			-CA "$tls/ca.pem" -CAkey "$tls/ca.key" -CAcreateserial \
			-extfile "$HERE/openssl.cnf" -extensions server
	} >"$DIR/log/openssl.log" 2>&1 || die_with_log openssl "could not make certificates"
}

# answers PORT: any HTTP answer will do
answers() {
	local line
	(
		exec 3<>"/dev/tcp/127.0.0.1/$1"
		printf 'GET / HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n' >&3
		read -t 5 -r line <&3
		[[ $line == HTTP/1.* ]]
	) 2>/dev/null
}

# wait_answer NAME PORT
wait_answer() {
	local end=$((SECONDS + DEADLINE))
	until answers "$2"; do
		alive "$1" || die_with_log "$1" "$1 ended at once"
		[ $SECONDS -le $end ] || die_with_log "$1" "$1 does not answer on port $2"
		sleep 0.05
	done
}

# print_status NAME...: one line each, 3 (as init scripts do) when one is down
print_status() {
	local name rc=0
	for name in "$@"; do
		if alive "$name"; then
			echo "$name runs, pid $(cat "$DIR/run/$name.pid")"
		else
			echo "$name is down"
			rc=3
		fi
	done
	return $rc
}

# write_env NAME...: the named variables, as shell assignments, for `env`
write_env() {
	local name
	(
		umask 077
		for name in "$@"; do
			printf '%s=%q\n' "$name" "${!name}"
		done >"$DIR/env"
	)
}

# stop_on_failure: a start that fails leaves nothing running; needs halt_all
stop_on_failure() {
	trap 'rc=$?; [ $rc = 0 ] || halt_all; exit $rc' EXIT
}
