// Submits a saga with the generated client, and reads it until it has succeeded.
// Usage: node saga.js <url of the coordinator> [key]
import { client } from './client/client.gen.js';
import { abortTransaction, getTransaction, newGid, submitTransaction } from './client/sdk.gen.js';
import type { TransactionRequest } from './client/types.gen.js';

const [url, key] = process.argv.slice(2);
client.setConfig({ baseUrl: url, auth: key });

const { gid } = (await newGid({ throwOnError: true })).data;
const saga: TransactionRequest = {
  gid,
  trans_type: 'saga',
  steps: [{ action: '', compensate: '' }, { action: '', compensate: '' }],
  payloads: ['{"amount":30}', '{"amount":30}'],
  retry_interval: 1,
};
const submitted = (await submitTransaction({ body: saga, throwOnError: true })).data;
if (submitted.dtm_result !== 'SUCCESS') throw new Error(`submitted: ${JSON.stringify(submitted)}`);

for (const end = Date.now() + 30_000; ;) {
  const { transaction, branches } = (await getTransaction({ query: { gid }, throwOnError: true })).data;
  if (transaction?.status === 'succeed') {
    console.log(`${transaction.gid} ${transaction.status}, ${branches.length} calls`);
    break;
  }
  await new Promise(resume => setTimeout(resume, 50));
  if (Date.now() > end) throw new Error(`it is ${transaction?.status} after 30 s`);
}

// An error has the types of the document too.
const { error, response } = await abortTransaction({ body: { gid: `${gid}-none`, trans_type: 'tcc' } });
if (error?.dtm_result !== 'FAILURE') throw new Error('an unknown gid was aborted');
console.log(`unknown gid: ${response.status} ${error.message}`);
