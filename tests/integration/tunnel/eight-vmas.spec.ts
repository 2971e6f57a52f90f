import net from 'node:net';
import type { SourceTunnel } from '@ossea/tunnel';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tcpTarget, unixTarget } from '../../forwarding-matrix/channel-asks.js';
import {
  askGlobally,
  listenAt,
  logIn,
  openChannel,
  string,
  type Raw,
} from '../../forwarding-matrix/raw-client.js';
import { TRANSPORTS } from '../../stack/openssh-ground.js';
import { agentSays } from './agent.js';
import { startSite, until, type Site } from './site.js';
import { addVmaWithDisk, diskOwner, type VmaWithDisk } from './vma-with-disk.js';

// Invariant S2: no VMA reaches, holds or answers for anything of another one, whether that one is there or away.
const IDS = [...'abcdefgh'];
const ROUNDS = Number(process.env['OSSEA_ROUNDS'] ?? 5);

function attack(site: Site, vma: VmaWithDisk): Promise<Raw> {
  const method = { type: 'publickey', username: 'vma', key: vma.key.privateKey } as const;
  return logIn({ port: site.port, username: 'vma', method }).then((client) =>
    client.on('error', () => undefined).setMaxListeners(0),
  );
}

/** Everything that would give one VMA something of another one. @returns what it got. */
async function got(
  attacker: VmaWithDisk,
  raw: Raw,
  { identity, exportName, id }: VmaWithDisk,
): Promise<string[]> {
  const { agentPort, agentSocketPath, nbdSocketPath } = identity;
  const channel = async (type: string, data: Buffer) => (await openChannel(raw, type, data)) !== undefined;
  const tries: Record<string, () => Promise<unknown>> = {
    'its export by name': () =>
      diskOwner(attacker.nbdPath, exportName).then(
        (owner) => owner ?? 'a disk',
        () => false,
      ),
    'its storage daemon': () => channel('direct-streamlocal@openssh.com', unixTarget(nbdSocketPath)),
    'its agent by port': () => channel('direct-tcpip', tcpTarget('127.0.0.1', agentPort)),
    'its agent by socket': () => channel('direct-streamlocal@openssh.com', unixTarget(agentSocketPath)),
    'its port': () => askGlobally(raw, 'tcpip-forward', listenAt('127.0.0.1', agentPort)),
    'its socket': () => askGlobally(raw, 'streamlocal-forward@openssh.com', string(agentSocketPath)),
    'the end of its listener': () =>
      askGlobally(raw, 'cancel-tcpip-forward', listenAt('127.0.0.1', agentPort)),
  };
  const successes: string[] = [];
  for (const [what, attempt] of Object.entries(tries))
    if (await attempt()) successes.push(`${attacker.id} got ${what} of ${id}`);
  return successes;
}

const listens = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });

/** Its own disk, and its own agent at its own listeners. */
async function servedAsItself({ id, nbdPath, exportName, identity }: VmaWithDisk): Promise<void> {
  const { agentSocketPath, agentPort } = identity;
  expect(await until(`${id} reads its disk`, () => diskOwner(nbdPath, exportName))).toBe(id);
  for (const where of [agentSocketPath, agentPort])
    expect(await until(`${id}'s agent answers`, () => agentSays(where))).toBe(`I am agent ${id}`);
}

describe.each(TRANSPORTS)('over %s', (kind) => {
  let site: Site;
  let vmas: VmaWithDisk[];
  const connected = new Map<VmaWithDisk, SourceTunnel>();

  beforeAll(async () => {
    site = await startSite({}, kind);
    vmas = await Promise.all(IDS.map((id) => addVmaWithDisk(site, id)));
    for (const vma of vmas) connected.set(vma, await vma.connect());
  });
  afterAll(() => site[Symbol.asyncDispose]());

  it(`gives none of eight VMAs anything of the seven others, in ${ROUNDS} rounds`, async () => {
    const successes: string[] = [];
    let pairs = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      const raws = await Promise.all(vmas.map((vma) => attack(site, vma)));
      for (const victim of vmas) {
        const others = vmas.flatMap((vma, i) => (vma === victim ? [] : [[vma, raws[i]!] as const]));
        const allTry = async () => {
          successes.push(...(await Promise.all(others.map(([vma, raw]) => got(vma, raw, victim)))).flat());
        };
        await servedAsItself(victim);
        await allTry();
        await servedAsItself(victim);
        await connected.get(victim)?.[Symbol.asyncDispose]();
        await until('its listener is gone', async () => !(await listens(victim.identity.agentPort)));
        await allTry();
        expect(await listens(victim.identity.agentPort)).toBe(false);
        connected.set(victim, await victim.connect());
        await servedAsItself(victim);
        pairs += others.length;
      }
      for (const [i, raw] of raws.entries()) {
        // it was heard to the end: what is its own it still gets
        expect(
          await openChannel(raw, 'direct-tcpip', tcpTarget('127.0.0.1', vmas[i]!.nbdPort)),
        ).toBeDefined();
        raw.destroy();
      }
    }
    expect(successes).toEqual([]);
    expect(pairs).toBe(56 * ROUNDS);
  });
});
