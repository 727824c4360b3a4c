# Needs sh, curl and URL, the coordinator's address as it can reach itself.
done="helm-test-$(date +%s)-done"
undone="helm-test-$(date +%s)-undone"

# Prints the answer's body and, in a line of its own, its status.
submit() {
  curl -sS -m 30 -w '\n%{http_code}' "$URL/api/dtmsvr/submit" -H 'Content-Type: application/json' -d "$1"
}

# Waits until the transaction $1 has the status $2.
expect() {
  for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    found="$(curl -sS -m 10 "$URL/api/dtmsvr/all?gid=$1")"
    case "$found" in *"\"status\":\"$2\""*) echo "$1: $2"; return 0 ;; esac
    sleep 1
  done
  echo "$1 is not $2: $found" >&2
  return 1
}

echo "$URL: $(curl -sS -m 10 -f "$URL/health/ready")"

answer="$(submit '{
  "gid": "'"$done"'", "trans_type": "saga", "wait_result": true,
  "steps": [{ "action": "'"$URL"'/api/ping", "compensate": "'"$URL"'/api/ping" },
            { "action": "'"$URL"'/api/ping", "compensate": "'"$URL"'/api/ping" }],
  "payloads": ["{}", "{}"]
}')"
case "$answer" in *SUCCESS*200) ;; *) echo "$done: $answer" >&2; exit 1 ;; esac
expect "$done" succeed

answer="$(submit '{
  "gid": "'"$undone"'", "trans_type": "saga", "wait_result": true,
  "steps": [{ "action": "'"$URL"'/api/ping", "compensate": "'"$URL"'/api/ping" },
            { "action": "'"$URL"'/api/dtmsvr/forceStop", "compensate": "'"$URL"'/api/ping" }],
  "payloads": ["{}", "{\"gid\":\"'"$done"'\"}"]
}')"
case "$answer" in *FAILURE*409) ;; *) echo "$undone: $answer" >&2; exit 1 ;; esac
expect "$undone" failed
