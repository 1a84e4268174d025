#!/usr/bin/env bash
# Starts PostgreSQL, MariaDB and Redis on free loopback ports in a temporary directory, runs the given command with
# MINGFEN_TEST_POSTGRES, MINGFEN_TEST_MYSQL and MINGFEN_TEST_REDIS set, and stops everything at the end, however it ends.
#
#   tests/services.sh cargo test --workspace
set -euo pipefail

PACKAGES=(postgresql mariadb-server-core mariadb-client-core redis-server chromium chromium-driver fonts-noto-cjk zbar-tools)

fail() {
  echo "tests/services.sh: $*" >&2
  exit 1
}

[[ $# -gt 0 ]] || fail "which command shall run with the services? For example: tests/services.sh cargo test --workspace"

# Everything the whole test run needs, so that nothing is missing in the middle of it.
install_missing() {
  local missing=() package
  for package in "${PACKAGES[@]}"; do
    dpkg-query --show --showformat='${Status}\n' "$package" 2>/dev/null | grep -q '^install ok installed' || missing+=("$package")
  done
  # Node may well come from elsewhere than Debian.
  command -v npm >/dev/null || missing+=(nodejs npm)
  [[ ${#missing[@]} -gt 0 ]] || return 0
  [[ $(id -u) -eq 0 ]] || fail "these Debian packages are missing: ${missing[*]}. Install them (apt-get install ${missing[*]}), or run this as root."
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq || fail "apt-get update failed; ${missing[*]} must be installed by hand."
  # A server that Debian starts by itself would be in the way of nobody, but would never be stopped.
  apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null || fail "apt-get could not install ${missing[*]}."
}

# A port that nobody listens on right now.
free_port() {
  local port
  for _ in {1..50}; do
    port=$((20000 + RANDOM % 12000))
    if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      echo "$port"
      return
    fi
  done
  fail "found no free port on the loopback interface"
}

# PostgreSQL and MariaDB refuse to run as root.
as_server() {
  if [[ $(id -u) -eq 0 ]]; then
    runuser -u postgres -- "$@"
  else
    "$@"
  fi
}

postgres_bin() {
  local bin
  bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
  [[ -n $bin && -x $bin/initdb ]] || fail "PostgreSQL's initdb is not under /usr/lib/postgresql: install the package postgresql."
  echo "$bin"
}

command -v dpkg-query >/dev/null && install_missing
BIN=$(postgres_bin)
for program in mariadb-install-db mariadbd mariadb; do
  command -v "$program" >/dev/null || fail "$program is missing: install the packages mariadb-server-core and mariadb-client-core."
done
command -v redis-server >/dev/null || fail "redis-server is missing: install the package redis-server."

ROOM=$(mktemp -d "${TMPDIR:-/tmp}/mingfen-services.XXXXXX")
chmod 755 "$ROOM"
mkdir "$ROOM/postgres" "$ROOM/mariadb" "$ROOM/redis"
[[ $(id -u) -eq 0 ]] && chown postgres "$ROOM/postgres" "$ROOM/mariadb"

INSTALL_PID=
MARIADB_PID=
REDIS_PID=
stop() {
  local status=$?
  trap - EXIT INT TERM
  # Whatever cannot be stopped, the rest must be.
  set +e
  [[ -n $REDIS_PID ]] && kill "$REDIS_PID" 2>/dev/null && wait "$REDIS_PID" 2>/dev/null
  # By its own process: what runuser started does not always go with runuser.
  [[ -s $ROOM/mariadb/pid ]] && kill -KILL "$(<"$ROOM/mariadb/pid")" 2>/dev/null
  wait $INSTALL_PID $MARIADB_PID 2>/dev/null
  as_server "$BIN/pg_ctl" -D "$ROOM/postgres/data" -m immediate -w stop >/dev/null 2>&1
  rm -rf "$ROOM"
  exit "$status"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

cd "$ROOM"
# Making MariaDB's system tables takes seconds; PostgreSQL starts meanwhile.
MARIADB_OPTIONS=(--no-defaults --datadir="$ROOM/mariadb/data" --innodb-log-file-size=4M --innodb-buffer-pool-size=32M
  --innodb-flush-log-at-trx-commit=0 --innodb-flush-method=nosync)
as_server mariadb-install-db "${MARIADB_OPTIONS[@]}" --auth-root-authentication-method=normal --skip-test-db \
  >"$ROOM/mariadb-install.log" 2>&1 &
INSTALL_PID=$!

as_server "$BIN/initdb" -D "$ROOM/postgres/data" -U mingfen --auth=trust --encoding=UTF8 --locale=C >"$ROOM/initdb.log" 2>&1 \
  || fail "initdb failed: $(cat "$ROOM/initdb.log")"
PG_PORT=$(free_port)
as_server "$BIN/pg_ctl" -D "$ROOM/postgres/data" -l "$ROOM/postgres/log" -w -t 60 \
  -o "-p $PG_PORT -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=300 -c shared_buffers=256MB" \
  start >/dev/null || fail "PostgreSQL did not start: $(cat "$ROOM/postgres/log")"

REDIS_PORT=$(free_port)
redis-server --bind 127.0.0.1 --port "$REDIS_PORT" --dir "$ROOM/redis" --save '' --appendonly no >"$ROOM/redis.log" 2>&1 &
REDIS_PID=$!
for _ in {1..100}; do
  [[ $(redis-cli -h 127.0.0.1 -p "$REDIS_PORT" ping 2>/dev/null) == PONG ]] && break
  kill -0 "$REDIS_PID" 2>/dev/null || fail "Redis did not start: $(cat "$ROOM/redis.log")"
  sleep 0.1
done

wait "$INSTALL_PID" || fail "mariadb-install-db failed: $(cat "$ROOM/mariadb-install.log")"
MYSQL_PORT=$(free_port)
as_server mariadbd "${MARIADB_OPTIONS[@]}" --socket="$ROOM/mariadb/socket" --pid-file="$ROOM/mariadb/pid" \
  --bind-address=127.0.0.1 --port="$MYSQL_PORT" >"$ROOM/mariadb.log" 2>&1 &
MARIADB_PID=$!
for tries in {1..300}; do
  mariadb --no-defaults -u root -h 127.0.0.1 -P "$MYSQL_PORT" -e 'CREATE DATABASE his CHARACTER SET utf8mb4' 2>/dev/null && break
  kill -0 "$MARIADB_PID" 2>/dev/null && [[ $tries -lt 300 ]] || fail "MariaDB did not start: $(cat "$ROOM/mariadb.log")"
  sleep 0.1
done
cd "$OLDPWD"

export MINGFEN_TEST_MYSQL="mysql://root@127.0.0.1:$MYSQL_PORT/his"
export MINGFEN_TEST_POSTGRES="postgres://mingfen@127.0.0.1:$PG_PORT/postgres"
export MINGFEN_TEST_REDIS="redis://127.0.0.1:$REDIS_PORT/"
"$@"
