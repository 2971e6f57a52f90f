import {
  SOURCE_CALLS,
  type SourceCallName,
  type SourceCallParams,
  type SourceCallResult,
} from '@ossea/agent-protocol';
import { MigrationError, throwIfAborted, type SecretScrubber } from '@ossea/errors';
import type {
  ChangedBlockTracking,
  PowerControl,
  PrivilegeReport,
  SourceScreenshot,
} from '@ossea/plugin-sdk';
import type { HostedSession } from './hosted-session.js';
import { checkedAnswer } from './checked-answer.js';

type Answer<N extends SourceCallName> = Promise<SourceCallResult<N>> | AsyncIterable<SourceCallResult<N>>;

type Calls = {
  readonly [N in SourceCallName]: (
    hosted: HostedSession,
    params: SourceCallParams<N>,
    call: { readonly signal: AbortSignal },
  ) => Answer<N>;
};

/** What each call of the protocol is on a session: none is missing. */
const CALLS: Calls = {
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
  'snapshots.consistency': async ({ session }, { ref }, call) => {
    const consistency = await session.snapshots.consistency?.(ref, call);
    return consistency ? { consistency } : {};
  },
  'disks.open': async (hosted, { disk, snapshot }, call) => {
    const opened = await hosted.session.disks.open(disk, snapshot, call);
    const lease = await hosted.keep(opened);
    try {
      // nobody would ever give back what nobody hears of
      throwIfAborted(call.signal);
      return checkedAnswer('disks.open', { lease, endpoint: opened.value });
    } catch (error) {
      await hosted.giveBack(lease);
      throw error;
    }
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
  'privileges.list': async (hosted, _params, call) => ({
    privileges: [...(await privileges(hosted).list(call))],
  }),
};

/** A call that arrived: its name and parameters are of the protocol. */
export function runCall(
  hosted: HostedSession,
  name: SourceCallName,
  params: unknown,
  call: { readonly signal: AbortSignal },
): Promise<unknown> | AsyncIterable<unknown> {
  const run = CALLS[name] as (
    hosted: HostedSession,
    params: unknown,
    call: { readonly signal: AbortSignal },
  ) => Promise<unknown> | AsyncIterable<unknown>;
  const { scrubber } = hosted;
  if (SOURCE_CALLS[name].streams)
    return scrubbed(run(hosted, params, call) as AsyncIterable<unknown>, scrubber);
  return (async () => run(hosted, params, call))().catch((error: unknown) => {
    throw scrubber.error(error);
  });
}

async function* scrubbed(items: AsyncIterable<unknown>, scrubber: SecretScrubber): AsyncGenerator<unknown> {
  try {
    yield* items;
  } catch (error) {
    throw scrubber.error(error);
  }
}

/** Whether there is a call of this name. */
export function isCallName(name: string): name is SourceCallName {
  return Object.hasOwn(SOURCE_CALLS, name);
}

function tracking({ session }: HostedSession): ChangedBlockTracking {
  return session.can.changedBlocks ?? unsupported('changedBlocks');
}

function power({ session }: HostedSession): PowerControl {
  return session.can.power ?? unsupported('power');
}

function screenshots({ session }: HostedSession): SourceScreenshot {
  return session.can.consoleScreenshot ?? unsupported('consoleScreenshot');
}

function privileges({ session }: HostedSession): PrivilegeReport {
  return session.can.privileges ?? unsupported('privileges');
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
