#!/usr/bin/env bash
# The trip with curl: trip.sh COORDINATOR AGENCY [LIMIT]. Prints what each step answered.
set -euo pipefail
coordinator=$1 agency=$2 limit=${3:-1000}
gid="trip-$(date +%s)-$RANDOM"

# {"$result":"01","pointer":"/price"} in a payload is replaced by the price that step 01 answered. The quotes of 'EOS'
# keep the shell from reading $result.
steps=$(sed "s#AGENCY#$agency#g" <<'EOS'
[
  {"action":"AGENCY/flight/book","compensate":"AGENCY/flight/cancel",
   "compensate_payload":"{\"id\":{\"$result\":\"01\",\"pointer\":\"/id\"}}"},
  {"action":"AGENCY/hotel/book","compensate":"AGENCY/hotel/cancel",
   "compensate_payload":"{\"id\":{\"$result\":\"02\",\"pointer\":\"/id\"}}"},
  {"action":"AGENCY/car/book","compensate":"AGENCY/car/cancel",
   "compensate_payload":"{\"id\":{\"$result\":\"03\",\"pointer\":\"/id\"}}"},
  {"action":"AGENCY/pay","compensate":"AGENCY/refund"}
]
EOS
)
payloads=$(sed "s#LIMIT#$limit#" <<'EOS'
["{\"name\":\"Ada\"}", "{\"name\":\"Ada\"}", "{\"name\":\"Ada\"}",
 "{\"card\":\"card-3\",\"limit\":LIMIT,\"flight\":{\"$result\":\"01\",\"pointer\":\"/price\"},
   \"hotel\":{\"$result\":\"02\",\"pointer\":\"/price\"},\"car\":{\"$result\":\"03\",\"pointer\":\"/price\"}}"]
EOS
)
payloads=${payloads//$'\n'/}

curl -sS "$coordinator/api/dtmsvr/submit" -H 'Content-Type: application/json' -d "{
  \"gid\": \"$gid\", \"trans_type\": \"saga\", \"results\": true, \"wait_result\": true,
  \"steps\": $steps,
  \"payloads\": $payloads
}"
echo
