#!/usr/bin/env bash
# The statements of benches/commit.rs by PostgreSQL's own client, as the ceiling to compare with; or those of a notification on
# its whole way, from the socket on. Both sides are to be run in one sitting on one machine; absolute figures mean little.
#
#   tests/services.sh crates/store/benches/pgbench.sh [commit.pgbench | notification.pgbench]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
SCRIPT=${1:-commit.pgbench}

: "${MINGFEN_TEST_POSTGRES:?is not set: run this with tests/services.sh, which starts a server}"
PGBENCH=$(command -v pgbench || ls -d /usr/lib/postgresql/*/bin/pgbench 2>/dev/null | sort -V | tail -n 1)
[[ -n $PGBENCH ]] || { echo "pgbench.sh: pgbench is missing: install the package postgresql." >&2; exit 1; }

export PGOPTIONS="-csearch_path=pgbench_commit -cclient_min_messages=warning"
run_sql() { psql --quiet --no-psqlrc --set ON_ERROR_STOP=1 "$MINGFEN_TEST_POSTGRES" "$@"; }

# Makes the schema anew, and one waiting bill for every transaction that is about to come.
prepare() {
  local clients=$1 each=$2 migration
  run_sql -c 'DROP SCHEMA IF EXISTS pgbench_commit CASCADE; CREATE SCHEMA pgbench_commit'
  for migration in ../migrations/postgres/*.sql; do run_sql -f "$migration"; done
  run_sql <<SQL
CREATE TABLE numbers AS
  SELECT CAST(1000000000000 + client * 10000 + i AS TEXT) AS n
  FROM generate_series(0, $clients - 1) AS client, generate_series(1, $each) AS i;
INSERT INTO bills
  SELECT 'B' || n, 'view-' || n, 'main', 'open', NULL, 0, 0, 10000, 10000, NULL, '\x010203', '\x040506', 'card-1', 'zh-CN',
    0, 1800000, '00112233aabbccdd', 0 FROM numbers;
INSERT INTO bill_slips
  SELECT 'B' || n, position, 'main', 'S' || n || position, 'lab', '血常规', '检验科', 5000, 5000
  FROM numbers, generate_series(0, 1) AS position;
INSERT INTO payments
  SELECT 'P' || n, 'B' || n, 'wechat-main', 'in_app', '\x070809', '192.0.2.7', 10000, '门诊缴费', 'opening', NULL, NULL,
    NULL, NULL, NULL, NULL, 0, 0, 900000, '00112233aabbccdd', 0 FROM numbers;
DROP TABLE numbers;
VACUUM ANALYZE;
SQL
}

printf '%-10s %s\n' clients 'transactions/s'
for setting in '1 3000' '8 2000' '32 600'; do
  read -r clients each <<<"$setting"
  prepare "$clients" "$each"
  tps=$("$PGBENCH" --no-vacuum --protocol=prepared --file="$SCRIPT" --client="$clients" --jobs=2 --transactions="$each" \
    --define=i=0 "$MINGFEN_TEST_POSTGRES" 2>&1) || { echo "$tps" >&2; exit 1; }
  printf '%-10s %s\n' "$clients" "$(sed -n 's/^tps = \([0-9]*\).*/\1/p' <<<"$tps")"
done
run_sql -c 'DROP SCHEMA pgbench_commit CASCADE'
