// The requests that submit a transaction again, as curl commands for a shell.
import { current } from './api.js';

/** A text as one word of a POSIX shell. */
export const quoted = text => `'${text.replaceAll("'", "'\\''")}'`;

/** @param requests those of the API: a name and a JSON body each. */
export function curl(requests) {
  // The page's session is no key for a shell; odtm reads the same variable.
  const key = current().name === 'anonymous' ? '' : ` \\\n  -H "Authorization: Bearer $ODTM_KEY"`;
  return requests
    .map(({ api, body }) => `curl -sS ${quoted(`${location.origin}/api/dtmsvr/${api}`)}${key} \\\n`
      + `  -H 'Content-Type: application/json' \\\n  -d ${quoted(body)}\n`)
    .join('');
}
