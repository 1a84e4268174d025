#!/usr/bin/env bash
# Starts PostgreSQL and Redis on free loopback ports in a temporary directory, runs the given command with
# MINGFEN_TEST_POSTGRES and MINGFEN_TEST_REDIS set, and stops everything at the end, however it ends.
#
#   tests/services.sh cargo test --workspace
set -euo pipefail

PACKAGES=(postgresql redis-server chromium chromium-driver fonts-noto-cjk zbar-tools)

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

# PostgreSQL refuses to run as root.
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
command -v redis-server >/dev/null || fail "redis-server is missing: install the package redis-server."

ROOM=$(mktemp -d "${TMPDIR:-/tmp}/mingfen-services.XXXXXX")
chmod 755 "$ROOM"
mkdir "$ROOM/postgres" "$ROOM/redis"
[[ $(id -u) -eq 0 ]] && chown postgres "$ROOM/postgres"

REDIS_PID=
stop() {
  local status=$?
  trap - EXIT INT TERM
  [[ -n $REDIS_PID ]] && kill "$REDIS_PID" 2>/dev/null && wait "$REDIS_PID" 2>/dev/null
  as_server "$BIN/pg_ctl" -D "$ROOM/postgres/data" -m immediate -w stop >/dev/null 2>&1
  rm -rf "$ROOM"
  exit "$status"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

cd "$ROOM"
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
cd "$OLDPWD"

export MINGFEN_TEST_POSTGRES="postgres://mingfen@127.0.0.1:$PG_PORT/postgres"
export MINGFEN_TEST_REDIS="redis://127.0.0.1:$REDIS_PORT/"
"$@"
