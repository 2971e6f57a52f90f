import type {
  CallOptions,
  ChangedBlockTracking,
  DiskReader,
  PowerControl,
  PrivilegeReport,
  SnapshotControl,
  SourceCapabilities,
  SourceInventory,
  SourceScreenshot,
  SourceSession,
  VmDescription,
  VmSummary,
} from '@ossea/plugin-sdk';
import type { SessionHandle } from './session-handle.js';

/**
 * A session on a VMA that looks like a local one. Disks are opened beside the source: their endpoints are the VMA's.
 * @param capabilities what the session grants; names this release does not know are left out.
 * @param close called once, at the first disposal.
 */
export function remoteSourceSession(
  handle: SessionHandle,
  capabilities: readonly string[],
  close: () => Promise<void>,
): SourceSession {
  let closing: Promise<void> | undefined;
  return {
    inventory: inventory(handle),
    snapshots: snapshots(handle),
    disks: disks(handle),
    can: granted(handle, capabilities),
    [Symbol.asyncDispose]: () => (closing ??= close()),
  };
}

function granted(handle: SessionHandle, capabilities: readonly string[]): SourceCapabilities {
  const has = new Set(capabilities);
  return {
    ...(has.has('changedBlocks') ? { changedBlocks: changedBlocks(handle) } : {}),
    ...(has.has('power') ? { power: power(handle) } : {}),
    ...(has.has('consoleScreenshot') ? { consoleScreenshot: screenshots(handle) } : {}),
    ...(has.has('privileges') ? { privileges: privileges(handle) } : {}),
  };
}

function inventory(handle: SessionHandle): SourceInventory {
  return {
    // JSON has no undefined: what is optional is absent
    list: ({ signal }) => handle.stream('inventory.list', {}, signal) as AsyncIterable<VmSummary>,
    describe: async (vm, { signal }) =>
      (await handle.call('inventory.describe', { vm }, signal)) as VmDescription,
  };
}

function snapshots(handle: SessionHandle): SnapshotControl {
  return {
    async create({ vm, quiesce }, { key, signal }) {
      return (await handle.call('snapshots.create', { vm, quiesce, key }, signal)).ref;
    },
    async find(key, { signal }) {
      return (await handle.call('snapshots.find', { key }, signal)).found;
    },
    async remove(ref, { signal }) {
      await handle.call('snapshots.remove', { ref }, signal);
    },
    async consistency(ref, { signal }) {
      const { consistency } = await handle.call('snapshots.consistency', { ref }, signal);
      const { guestFlushed = false, because } = consistency ?? {};
      return { guestFlushed, ...(because === undefined ? {} : { because }) };
    },
  };
}

function disks(handle: SessionHandle): DiskReader {
  return {
    async open(disk, snapshot, { signal }) {
      const { lease, endpoint } = await handle.call('disks.open', { disk, snapshot }, signal);
      let givingBack: Promise<void> | undefined;
      return {
        value: endpoint,
        [Symbol.asyncDispose]: () => (givingBack ??= handle.giveBack(lease)),
      };
    },
  };
}

function changedBlocks(handle: SessionHandle): ChangedBlockTracking {
  return {
    async enable(vm, { signal }) {
      await handle.call('changedBlocks.enable', { vm }, signal);
    },
    async disable(vm, { signal }) {
      await handle.call('changedBlocks.disable', { vm }, signal);
    },
    async token(disk, snapshot, { signal }) {
      return (await handle.call('changedBlocks.token', { disk, snapshot }, signal)).token;
    },
    changes: (disk, { since, until }, { signal }) =>
      handle.stream('changedBlocks.changes', { disk, since, until }, signal),
  };
}

function power(handle: SessionHandle): PowerControl {
  return {
    async state(vm, { signal }) {
      return (await handle.call('power.state', { vm }, signal)).state;
    },
    async stop(vm, { signal, force, timeoutMs }) {
      await handle.call('power.stop', { vm, force, timeoutMs }, signal);
    },
    async start(vm, { signal }) {
      await handle.call('power.start', { vm }, signal);
    },
  };
}

function screenshots(handle: SessionHandle): SourceScreenshot {
  return {
    screenshot: (vm, { signal }: CallOptions) => handle.call('consoleScreenshot.screenshot', { vm }, signal),
  };
}

function privileges(handle: SessionHandle): PrivilegeReport {
  return {
    async list({ signal }) {
      return (await handle.call('privileges.list', {}, signal)).privileges;
    },
  };
}
