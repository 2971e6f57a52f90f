import { randomUUID } from 'node:crypto';
import type { SourceCallName, SourceCallParams, SourceCallResult } from '@ossea/agent-protocol';
import { MigrationError } from '@ossea/errors';
import type { ChangedBlockTracking, PowerControl, SourceScreenshot } from '@ossea/plugin-sdk';
import type { HostedSession } from './source-sessions.js';

type Answer<N extends SourceCallName> = Promise<SourceCallResult<N>> | AsyncIterable<SourceCallResult<N>>;

type Calls = {
  readonly [N in SourceCallName]: (
    hosted: HostedSession,
    params: SourceCallParams<N>,
    call: { readonly signal: AbortSignal },
  ) => Answer<N>;
};

/** What each call of the protocol is on a session: one line each, and none is missing. */
export const CALLS: Calls = {
  'inventory.list': ({ session }, _params, call) => session.inventory.list(call),
  'inventory.describe': async ({ session }, { vm }, call) =>
    plain(await session.inventory.describe(vm, call)) as SourceCallResult<'inventory.describe'>,
  'snapshots.create': async ({ session }, { vm, quiesce, key }, { signal }) => ({
    ref: await session.snapshots.create({ vm, quiesce }, { key, signal }),
  }),
  'snapshots.find': async ({ session }, { key }, call) => {
    const found = await session.snapshots.find(key, call);
    return found ? { found } : {};
  },
  'snapshots.remove': async ({ session }, { ref }, call) => {
    await session.snapshots.remove(ref, call);
    return {};
  },
  'disks.open': async ({ session, leases }, { disk, snapshot }, call) => {
    const opened = await session.disks.open(disk, snapshot, call);
    const lease = randomUUID();
    leases.set(lease, opened);
    return { lease, endpoint: opened.value };
  },
  'changedBlocks.enable': async (hosted, { vm }, call) => {
    await tracking(hosted).enable(vm, call);
    return {};
  },
  'changedBlocks.disable': async (hosted, { vm }, call) => {
    await tracking(hosted).disable(vm, call);
    return {};
  },
  'changedBlocks.token': async (hosted, { disk, snapshot }, call) => ({
    token: await tracking(hosted).token(disk, snapshot, call),
  }),
  'changedBlocks.changes': (hosted, { disk, since, until }, call) =>
    tracking(hosted).changes(disk, { since, until }, call),
  'power.state': async (hosted, { vm }, call) => ({ state: await power(hosted).state(vm, call) }),
  'power.stop': async (hosted, { vm, force, timeoutMs }, { signal }) => {
    await power(hosted).stop(vm, { force, timeoutMs, signal });
    return {};
  },
  'power.start': async (hosted, { vm }, call) => {
    await power(hosted).start(vm, call);
    return {};
  },
  'consoleScreenshot.screenshot': (hosted, { vm }, call) => screenshots(hosted).screenshot(vm, call),
};

function tracking({ session }: HostedSession): ChangedBlockTracking {
  return session.can.changedBlocks ?? unsupported('changedBlocks');
}

function power({ session }: HostedSession): PowerControl {
  return session.can.power ?? unsupported('power');
}

function screenshots({ session }: HostedSession): SourceScreenshot {
  return session.can.consoleScreenshot ?? unsupported('consoleScreenshot');
}

function unsupported(capability: string): never {
  throw new MigrationError('plugin.unsupported', `This session does not grant "${capability}".`, {
    context: { capability },
  });
}

/** Without what is undefined: the protocol is JSON. */
function plain(value: object): object {
  return JSON.parse(JSON.stringify(value)) as object;
}
