#!/usr/bin/env bash
# Checks that every crate in Cargo.lock that we build, test or bench with may be used: its SPDX expression must be true when
# exactly the licences listed here are true. Needs nothing but cargo and awk.
#
#   tests/licences.sh               checks the workspace
#   tests/licences.sh --self-test   checks the checker
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Free for any use without a duty to publish what is linked with it. MPL-2.0 asks for its own files only; the others are
# permissive. CDLA-Permissive is for data: the root certificates.
ALLOWED="0BSD Apache-2.0 Apache-2.0_WITH_LLVM-exception BSD-2-Clause BSD-3-Clause BSL-1.0 CC0-1.0 CDLA-Permissive-2.0
ISC MIT MIT-0 MPL-2.0 Unicode-3.0 Unlicense Zlib"

# Reads lines of "name version | expression" and prints those that are not allowed.
not_allowed() {
  awk -F ' *[|] *' -v allowed="$ALLOWED" '
    BEGIN { count = split(allowed, list, /[ \n]+/); for (i = 1; i <= count; i++) is_allowed[list[i]] = 1 }

    # An expression without parentheses: AND binds tighter than OR. Terms are 1, 0 or the name of a licence.
    function flat(text,    ors, ands, i, j, n, m, all) {
      n = split(text, ors, / +OR +/)
      for (i = 1; i <= n; i++) {
        m = split(ors[i], ands, / +AND +/)
        all = 1
        for (j = 1; j <= m; j++) {
          gsub(/^ +| +$/, "", ands[j])
          if (!(ands[j] == "1" || ands[j] in is_allowed)) all = 0
        }
        if (all) return "1"
      }
      return "0"
    }

    {
      text = $2
      gsub(/ +WITH +/, "_WITH_", text)
      # What Cargo wrote before SPDX: a slash is a choice.
      gsub(/ *\/ */, " OR ", text)
      while (match(text, /\([^()]*\)/))
        text = substr(text, 1, RSTART - 1) flat(substr(text, RSTART + 1, RLENGTH - 2)) substr(text, RSTART + RLENGTH)
      if (flat(text) != "1") print "  " $1 ": " ($2 == "" ? "states no licence" : $2)
    }'
}

self_test() {
  local wrong
  wrong=$(not_allowed <<'LINES'
good 1 | MIT OR Apache-2.0
good 2 | Unlicense/MIT
good 3 | GPL-3.0-only OR MIT
good 4 | ISC AND (Apache-2.0 OR GPL-2.0-only) AND BSD-3-Clause
good 5 | Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT
bad 1 | GPL-3.0-only
bad 2 | MIT AND (GPL-2.0-only OR AGPL-3.0-only)
bad 3 | (MIT OR Apache-2.0) AND LGPL-3.0-only
bad 4 | 
bad 5 | Apache-2.0 WITH Some-exception
LINES
  )
  [[ $(grep -c '^  bad' <<<"$wrong") -eq 5 && $(grep -c . <<<"$wrong") -eq 5 ]] || {
    echo "tests/licences.sh: the checker is wrong; it refuses:" >&2
    echo "$wrong" >&2
    exit 1
  }
}

self_test
[[ ${1:-} != --self-test ]] || exit 0

crates=$(cargo tree --workspace --locked --target all --edges normal,build,dev --prefix none --format '{p} | {l}' \
  | sed -e 's/ (\*)$//' -e 's/ ([^|]*) |/ |/' -e '/^$/d' | sort -u)
refused=$(not_allowed <<<"$crates")
if [[ -n $refused ]]; then
  echo "tests/licences.sh: these crates may not be used; take others, or add a licence to the list with a reason:" >&2
  echo "$refused" >&2
  exit 1
fi
echo "licences: $(wc -l <<<"$crates") crates, all allowed"
