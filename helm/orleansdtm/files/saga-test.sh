# Needs sh, curl and URL, the coordinator's address as it can reach itself; where SECURED is not empty also
# KEY, an API key of the role submit.
done="helm-test-$(date +%s)-done"
undone="helm-test-$(date +%s)-undone"

# Prints the answer's body and, in a line of its own, its status.
submit() {
  curl -sS -m 30 -H "X-Api-Key: ${KEY:-}" -w '\n%{http_code}' \
    "$URL/api/dtmsvr/submit" -H 'Content-Type: application/json' -d "$1"
}

# Waits until the transaction $1 has the status $2.
expect() {
  for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    found="$(curl -sS -m 10 -H "X-Api-Key: ${KEY:-}" "$URL/api/dtmsvr/all?gid=$1")"
    case "$found" in *"\"status\":\"$2\""*) echo "$1: $2"; return 0 ;; esac
    sleep 1
  done
  echo "$1 is not $2: $found" >&2
  return 1
}

echo "$URL: $(curl -sS -m 10 -f "$URL/health/ready")"
if [ -n "${SECURED:-}" ] && [ -z "${KEY:-}" ]; then
  echo "no sagas: test.keySecret names no API key"
  exit 0
fi

answer="$(submit '{
  "gid": "'"$done"'", "trans_type": "saga", "wait_result": true,
  "steps": [{ "action": "'"$URL"'/api/ping", "compensate": "'"$URL"'/api/ping" },
            { "action": "'"$URL"'/api/ping", "compensate": "'"$URL"'/api/ping" }],
  "payloads": ["{}", "{}"]
}')"
case "$answer" in *SUCCESS*200) ;; *) echo "$done: $answer" >&2; exit 1 ;; esac
expect "$done" succeed
if [ -n "${SECURED:-}" ]; then
  exit 0 # What refuses below would ask the coordinator itself for a role.
fi

answer="$(submit '{
  "gid": "'"$undone"'", "trans_type": "saga", "wait_result": true,
  "steps": [{ "action": "'"$URL"'/api/ping", "compensate": "'"$URL"'/api/ping" },
            { "action": "'"$URL"'/api/dtmsvr/forceStop", "compensate": "'"$URL"'/api/ping" }],
  "payloads": ["{}", "{\"gid\":\"'"$done"'\"}"]
}')"
case "$answer" in *FAILURE*409) ;; *) echo "$undone: $answer" >&2; exit 1 ;; esac
expect "$undone" failed
