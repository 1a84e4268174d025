#!/usr/bin/env bash
# A signed call of API v1: makes the link and the QR code of a fee slip.
#
#   docs/examples/signed-call.sh BASE KEY_ID SECRET
#
#   BASE     the internal listener, for example http://127.0.0.1:7081
#   KEY_ID   the <id> of a table [api.keys.<id>] that may "slips"
#   SECRET   its secret; - reads it from standard input, which keeps it out of the shell's history
#
# Against the demo, which writes its secret beside its configuration:
#
#   mingfen demo --data ./demo --no-history
#   docs/examples/signed-call.sh http://127.0.0.1:7081 demo-his - < ./demo/api_secret
#
# Prints the answer and exits with 0, or with 1 when the gateway said anything but 200. Needs bash, curl and openssl.
# For trying out: openssl is given the secret as an argument, which other users of the same machine can see.
set -euo pipefail

if [[ $# -ne 3 ]]; then
  echo "usage: $0 BASE KEY_ID SECRET (or - to read the secret from standard input)" >&2
  exit 2
fi
base=${1%/} key_id=$2 secret=$3
if [[ $secret == - ]]; then
  secret=$(cat)
fi

# call METHOD PATH [BODY]: signs exactly the bytes that it sends. PATH includes the query, as it is sent.
call() {
  local method=$1 path=$2 body=${3-}
  local timestamp nonce body_hash signature
  timestamp=$(date +%s)
  nonce=$(openssl rand -hex 16)
  body_hash=$(printf '%s' "$body" | openssl dgst -sha256 -r | cut -d ' ' -f 1)

  # Five lines joined by LF, none after the last. The key goes in as hexadecimal: its bytes may be anything.
  signature=$(printf '%s\n%s\n%s\n%s\n%s' "$method" "$path" "$timestamp" "$nonce" "$body_hash" \
    | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$(printf '%s' "$secret" | od -An -v -tx1 | tr -d ' \n')" -r \
    | cut -d ' ' -f 1)

  local answer status
  answer=$(curl --silent --show-error --max-time 10 --request "$method" "$base$path" \
    --header 'Content-Type: application/json; charset=utf-8' \
    --header "X-Mingfen-Key: $key_id" \
    --header "X-Mingfen-Timestamp: $timestamp" \
    --header "X-Mingfen-Nonce: $nonce" \
    --header "X-Mingfen-Signature: $signature" \
    ${body:+--data-binary "$body"} \
    --write-out '\n%{http_code}')
  status=${answer##*$'\n'}
  printf '%s\n' "${answer%$'\n'*}"
  [[ $status == 200 ]] || { echo "$method $path was answered with HTTP $status" >&2; return 1; }
}

call POST /api/v1/slips '{"hospital_id":"QH01","patient":{"name":"张小明","card_no":"A10023846021"}}'
