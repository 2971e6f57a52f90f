import { randomFillSync } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { StartCopy } from '@ossea/agent-protocol';
import { DEFAULT_LIMITS } from '@ossea/copy-engine';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DividedSite } from '../../chaos/tunnel/divided-site.js';
import { PROMISED_MS, runRound } from '../../chaos/tunnel/rounds.js';
import { FAULTS } from '../../chaos/tunnel/faults.js';
import type { AgentApi } from '../vma/agent-api.js';
import { until } from '../../stack/probe.js';

/* A copy that runs while the network is away goes on where it was, and every byte arrives. */

const SIZE_BYTES = 192 << 20;
/** Behind the second checkpoint of the journal, and well before the end. */
const CUT_AT_BYTES = 144 << 20;
const CHECKPOINT_BYTES = DEFAULT_LIMITS.checkpointBytes;
/** Longer than both ends wait until they take the other for gone. */
const SECONDS = 25;
/** What was on its way, or written and not yet in the journal, when the network went. */
const AGAIN_BYTES = CHECKPOINT_BYTES + DEFAULT_LIMITS.bytesInFlight;

let site: DividedSite;
let source: Buffer;
let agent: AgentApi;
beforeAll(async () => {
  site = await DividedSite.start({ sizeBytes: SIZE_BYTES });
  source = randomFillSync(Buffer.alloc(SIZE_BYTES));
  const file = join(site.directory, 'source.raw');
  await writeFile(file, source);
  // slow enough that most of it is still to come when the network goes
  await site.servers.nbdkit(['--filter=rate', 'file', file, 'rate=160M'], site.sourceSocket);
  agent = await site.agent();
});
afterAll(() => site[Symbol.asyncDispose]());

const order: StartCopy = {
  session: 'conn_1',
  disk: 'd',
  snapshot: 's',
  exportName: 'vol',
  sizeBytes: SIZE_BYTES,
  work: { kind: 'full', targetIsZero: false },
  journalIdentity: 'cycle-1',
  correlationId: 'cor-1',
};
const start = async () => {
  expect((await agent.openSession('conn_1', 'disk', {})).status).toBe(200);
  expect((await agent.startCopy('copy-1', order)).status).toBe(200);
};
const bytes = async () => (await site.tunnel()).bytes;

it('goes on after a partition: identical, and hardly a byte is sent twice', async () => {
  const before = await bytes();
  await start();
  await agent.copyEvents('copy-1', (event) => 'progress' in event && event.progress.bytesDone > CUT_AT_BYTES);
  const { backAfterMs } = await runRound(site, { fault: FAULTS[0]!, seconds: SECONDS });
  expect(backAfterMs).toBeLessThan(PROMISED_MS);
  let beginnings = 1;
  let end = (await agent.copyEvents('copy-1')).at(-1);
  if (end && 'problem' in end) {
    // as the OMA does with a copy that gave up waiting: again, on its journal
    expect(end.problem).toMatchObject({ code: 'nbd.connection-lost', retryable: true });
    await start();
    beginnings += 1;
    end = (await agent.copyEvents('copy-1')).at(-1);
  }
  expect(end).toMatchObject({ result: { bytesDone: SIZE_BYTES } });
  expect((await readFile(site.targetFile)).equals(source)).toBe(true);
  const sent = await until('the counter has come', async () => {
    const now = (await bytes()) - before;
    return now >= SIZE_BYTES ? now : undefined;
  });
  const { bytesResumed } = (end as { readonly result: { readonly bytesResumed: number } }).result;
  console.log(
    `begun ${beginnings} times, ${bytesResumed} bytes resumed, ${sent - SIZE_BYTES} sent more than the disk has`,
  );
  if (beginnings > 1) expect(bytesResumed).toBeGreaterThanOrEqual(2 * CHECKPOINT_BYTES);
  expect(sent).toBeLessThan(SIZE_BYTES * 1.05 + AGAIN_BYTES);
});
