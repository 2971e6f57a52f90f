import { z } from '@ossea/plugin-sdk';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { CloudstackClient } from './index.js';
import { SmallApi, clientOf, type Asked, type Told } from './testing/small-api.js';

const call = { signal: new AbortController().signal };
const item = z.object({ id: z.string() });
let api: SmallApi;
let client: CloudstackClient;
beforeEach(async () => {
  api = new SmallApi();
  client = clientOf(await api.listen());
});
afterEach(async () => {
  await client[Symbol.asyncDispose]();
  await api.close();
});

const numbered = (n: number) => Array.from({ length: n }, (_, i) => ({ id: `v${i}` }));
const idsOf = (items: readonly { readonly id: string }[]) => items.map(({ id }) => id);

/** Pages as CloudStack makes them: none behind the end, the count of all. */
function paged(all: () => readonly object[], max = 500) {
  return ({ parameters }: Asked): Told => {
    const [page, size] = [Number(parameters['page']), Number(parameters['pagesize'])];
    if (size > max) return { fault: 431, text: `Page size can't exceed max allowed page size value: ${max}` };
    const rows = all();
    const cut = rows.slice((page - 1) * size, page * size);
    if (rows.length === 0) return {};
    return cut.length === 0 ? { count: rows.length } : { count: rows.length, volume: cut };
  };
}

it.each([0, 1, 199, 200, 201, 450])('gives all of %d', async (n) => {
  api.on(
    'listVolumes',
    paged(() => numbered(n)),
  );
  expect(idsOf(await client.list('listVolumes', {}, item, call))).toEqual(idsOf(numbered(n)));
  expect(client.requestCount).toBe(Math.max(1, Math.ceil(n / 200)));
});

it('takes the page size that the server allows, and keeps to it', async () => {
  api.on(
    'listVolumes',
    paged(() => numbered(120), 50),
  );
  expect(await client.list('listVolumes', {}, item, call)).toHaveLength(120);
  expect(client.requestCount).toBe(4);
  await client.list('listVolumes', {}, item, call);
  expect(client.requestCount).toBe(7);
});

it('misses none when one goes while it reads, and gives none twice when one comes', async () => {
  let rows: readonly { readonly id: string }[] = numbered(350);
  let looks = 0;
  api.on('listVolumes', (asked: Asked) => {
    const answer = paged(() => rows)(asked);
    looks += 1;
    // after its first page the first one goes: the second page begins one too far
    if (looks === 1) rows = rows.slice(1);
    return answer;
  });
  const all = idsOf(await client.list('listVolumes', {}, item, call));
  expect(all).toEqual(expect.arrayContaining(idsOf(rows)));

  rows = numbered(350);
  looks = 0;
  api.on('listVolumes', (asked: Asked) => {
    const answer = paged(() => rows)(asked);
    looks += 1;
    if (looks === 1) rows = [{ id: 'new' }, ...rows];
    return answer;
  });
  const again = idsOf(await client.list('listVolumes', {}, item, call));
  expect(new Set(again).size).toBe(again.length);
  expect(again).toEqual(expect.arrayContaining(idsOf(numbered(350))));
});

it('ends where the count promises more than the account may see, and where a server does not page', async () => {
  api.on('listVolumes', ({ parameters }: Asked) => ({
    count: 450,
    ...(parameters['page'] === '1' ? { volume: numbered(199) } : {}),
  }));
  expect(await client.list('listVolumes', {}, item, call)).toHaveLength(199);
  api.on('listVolumes', { count: 9_999, volume: numbered(3) });
  expect(await client.list('listVolumes', {}, item, call)).toHaveLength(3);
});

it('keeps a template of two zones twice, and things without an id by what they hold', async () => {
  const template = z.object({ id: z.string(), zoneid: z.string() });
  api.on('listTemplates', {
    count: 2,
    template: [
      { id: 't', zoneid: 'a' },
      { id: 't', zoneid: 'b' },
    ],
  });
  expect(await client.list('listTemplates', {}, template, call)).toHaveLength(2);
  const limit = z.object({ max: z.number() });
  api.on('listResourceLimits', { count: 2, resourcelimit: [{ max: 1 }, { max: 2 }] });
  expect(await client.list('listResourceLimits', {}, limit, call)).toHaveLength(2);
});
