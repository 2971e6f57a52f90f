import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../stack/probe.js';
import { agentGreeting, type Ask, type Asking } from './asking.js';
import { firstLineAt, greet, type Greeter } from './greeters.js';
import { listenersOf } from './listeners.js';
import type { MatrixSite, OpenMatrixSite } from './matrix-site.js';
import { principalsOf, type Principal } from './principals.js';
import { logIn, offer, type Raw } from './raw-client.js';
import { asksOf, expectedOf } from './table.js';

export interface Mismatch {
  readonly case: string;
  readonly principal: string;
  readonly expected: string;
  readonly seen: string;
}
export interface MatrixResult {
  readonly transport: string;
  readonly cases: number;
  readonly mismatches: readonly Mismatch[];
}

/** Asks everything of the table once. The allowed set is right when there is no mismatch. */
export async function runMatrix(open: OpenMatrixSite): Promise<MatrixResult> {
  const directory = await mkdtemp(join(tmpdir(), 'fm-'));
  const greeters: Greeter[] = [];
  try {
    const [untouched, local] = [join(directory, 'untouched'), join(directory, 'local')];
    for (const one of [untouched, local]) await mkdir(one);
    await using site = await open(directory);
    const database = await greet('the database', { port: 0, host: '127.0.0.1' });
    const unixPath = join(directory, 'unix');
    greeters.push(database, await greet('a Unix socket', { path: unixPath }));
    greeters.push(...(await lookalikes(site, database.port)));
    const around = { databasePort: database.port, unixPath, untouched, local };
    const mismatches: Mismatch[] = [];
    let cases = 0;
    for (const principal of principalsOf(site))
      for (const ask of asksOf(principal)) {
        cases += 1;
        const { expected, seen } = await judge(ask, principal, { site, around }, greeters);
        if (seen !== expected) mismatches.push({ case: ask.what, principal: principal.name, expected, seen });
      }
    return { transport: site.transport, cases, mismatches };
  } finally {
    await Promise.all(greeters.map((greeter) => greeter.close()));
    await rm(directory, { recursive: true, force: true });
  }
}

/** What a server would reach that resolves a name, or takes another loopback address for the right one. */
async function lookalikes(site: MatrixSite, databasePort: number): Promise<Greeter[]> {
  const ports = new Set([...site.vmas.map(({ nbdPort }) => nbdPort), databasePort]);
  const asked = [...ports].flatMap((port) =>
    ['127.0.0.1', '127.0.0.2', '::1'].map((host) => ({ host, port })),
  );
  const bound = asked.map(({ host, port }) =>
    // taken by the site itself, or no IPv6 here: then a server that goes there is noticed by what it grants
    greet(`whoever is at ${host}:${port}`, { host, port, ipv6Only: true }).catch(() => undefined),
  );
  return (await Promise.all(bound)).filter((greeter) => greeter !== undefined);
}

async function judge(
  ask: Ask,
  principal: Principal,
  { site, around }: Pick<Asking, 'site' | 'around'>,
  greeters: readonly Greeter[],
): Promise<{ readonly expected: string; readonly seen: string }> {
  const clients: Raw[] = [];
  const ends: (() => unknown)[] = [];
  const listening = () => listenersOf(site.processes());
  const before = await listening();
  const allowed = new Set(before);
  const visits = greeters.map((greeter) => greeter.visits());
  const enter = async (door: Parameters<typeof logIn>[0]) => {
    const client = await logIn(door);
    client.on('error', () => undefined);
    clients.push(client);
    return client;
  };
  let own: Promise<Raw> | undefined;
  const { index } = principal;
  const asking: Asking = {
    site,
    around,
    principal,
    mine: site.vmas[index],
    theirs: site.vmas[index === 0 ? 1 : 0],
    client: () => (own ??= enter({ ...principal, port: site.port })),
    async offerAgent(vma) {
      const username = site.users.vma;
      const client = await enter({
        port: site.port,
        username,
        method: { type: 'publickey', username, key: vma.privateKey },
      });
      asking.mayListen(vma.agentListeners);
      await offer(client, '127.0.0.1', vma.agentPort, agentGreeting(vma));
      await until(`${vma.id}'s agent answers`, () => firstLineAt(vma.agentEndpoint), { everyMs: 10 });
    },
    mayListen: (listeners) => listeners.forEach((listener) => allowed.add(listener)),
    later: (end) => void ends.unshift(end),
  };
  const expected = expectedOf(ask, asking);
  if (expected === agentGreeting(asking.mine)) asking.mayListen(asking.mine.agentListeners);
  const seen = [await ask.run(asking).catch((error: unknown) => `failed: ${String(error)}`)];
  seen.push(...[...(await listening())].filter((one) => !allowed.has(one)).map((one) => `listens on ${one}`));
  greeters.forEach((greeter, i) => greeter.visits() !== visits[i] && seen.push(`reached ${greeter.name}`));
  for (const client of clients) client.destroy();
  for (const end of ends) await end();
  let left: string[] = [];
  const gone = async () => (left = [...(await listening())].filter((one) => !before.has(one))).length === 0;
  await until('its listeners are gone', gone, { timeoutMs: 5_000, everyMs: 5 }).catch(() =>
    seen.push(...left.map((one) => `leaves ${one} behind`)),
  );
  for (const file of await readdir(around.untouched)) {
    seen.push(`made ${file}`);
    await rm(join(around.untouched, file), { recursive: true });
  }
  return { expected, seen: seen.join('; ') };
}
