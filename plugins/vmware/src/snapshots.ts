import { MigrationError, throwIfAborted } from '@ossea/errors';
import type { CallOptions, IdempotencyKey, SnapshotControl, SnapshotSpec } from '@ossea/plugin-sdk';
import { consolidate } from './consolidation.js';
import { isGone, isQuiesceFault } from './fault-to-error.js';
import { guarded } from './guarded.js';
import { snapshotDescription, snapshotName } from './snapshot-names.js';
import { formatRef, noSnapshot, parseRef } from './snapshot-ref.js';
import { TaskVanished, waitForTask, type ManagedObjectReference } from './vim25/index.js';
import { guestToolsOf, powerStateOf, snapshotsOf, type StandingSnapshot } from './vm-properties.js';
import type { Vsphere } from './vsphere.js';

type Keyed = CallOptions & { readonly key: IdempotencyKey };

/** What a snapshot of ours says of itself. */
interface Ours extends StandingSnapshot {
  readonly note: NonNullable<StandingSnapshot['note']>;
}

/** Waits that a caller who left must not cut short. */
const uncancelled = (): AbortSignal => new AbortController().signal;

/**
 * Snapshots of whole machines, at most one of ours for each. Ours are known by name and description; a foreign one is
 * never touched.
 */
export class VmwareSnapshots implements SnapshotControl {
  constructor(private readonly vsphere: Vsphere) {}

  /**
   * Removes what an earlier cycle of this connection has left on the machine, then takes the snapshot: one of ours
   * stands at most. The order matters: with two, changes between them were lost once (MTV-1656 of another product).
   * Throws `resource.not-found`, `resource.conflict` beside a snapshot of another appliance, `snapshot.failed`.
   */
  create({ vm, quiesce }: SnapshotSpec, { key, ...call }: Keyed): Promise<string> {
    return guarded(call, () =>
      this.vsphere.turns.take(vm, async () => {
        throwIfAborted(call.signal);
        await this.settled(vm, call);
        for (const standing of await this.ours(vm, call)) {
          if (standing.note.key === key) return formatRef({ vm, snapshot: standing.ref.value });
          if (standing.note.owner !== this.vsphere.ledger.owner) throw anotherStands(vm, standing);
          this.vsphere.log.warn('A snapshot that an earlier cycle has left is removed.', {
            vm,
            key: standing.note.key,
          });
          await this.drop(vm, standing.ref, call);
        }
        // before the effect: a key alone does not say where to look for it
        await this.vsphere.ledger.write(key, vm);
        return formatRef({ vm, snapshot: (await this.take(vm, key, quiesce, call)).value });
      }),
    );
  }

  find(
    key: IdempotencyKey,
    call: CallOptions,
  ): Promise<{ readonly ref: string; readonly complete: boolean } | undefined> {
    return guarded(call, async () => {
      const vm = (await this.vsphere.ledger.read(key)) ?? (await this.search(key, call));
      if (vm === undefined) return undefined;
      // in its turn: a create whose caller has left may still be at it, here or in a task of before a crash
      return this.vsphere.turns.take(vm, async () => {
        throwIfAborted(call.signal);
        if (!(await this.settled(vm, call).then(() => true, rethrowUnlessGone))) return undefined;
        const found = (await this.ours(vm, call)).find(({ note }) => note.key === key);
        return found && { ref: formatRef({ vm, snapshot: found.ref.value }), complete: true };
      });
    });
  }

  /** Throws `resource.conflict` for a snapshot that is not ours. */
  remove(ref: string, call: CallOptions): Promise<void> {
    return guarded(call, async () => {
      const id = parseRef(ref);
      if (!id) return;
      await this.vsphere.turns.take(id.vm, async () => {
        throwIfAborted(call.signal);
        if (!(await this.settled(id.vm, call).then(() => true, rethrowUnlessGone))) return;
        const standing = await this.standing(id.vm, call);
        const found = standing.find(({ ref: one }) => one.value === id.snapshot);
        if (!found) return;
        if (!found.note)
          throw new MigrationError(
            'resource.conflict',
            `The snapshot "${found.name}" is not ours; it stays.`,
          );
        await this.drop(id.vm, found.ref, call);
        await this.vsphere.ledger.forget(found.note.key);
      });
    });
  }

  /** How the guest took part, as it stands on the snapshot itself. Throws `resource.not-found`. */
  consistency(
    ref: string,
    call: CallOptions,
  ): Promise<{ readonly guestFlushed: boolean; readonly because?: string }> {
    return guarded(call, async () => {
      const id = parseRef(ref);
      const found = id && (await this.ours(id.vm, call)).find((one) => one.ref.value === id.snapshot);
      if (!found) throw noSnapshot();
      const { quiesced, because } = found.note;
      return { guestFlushed: quiesced, ...(because === undefined ? {} : { because }) };
    });
  }

  private async take(
    vm: string,
    key: string,
    quiesce: boolean,
    call: CallOptions,
  ): Promise<ManagedObjectReference> {
    const policy = this.vsphere.settings.quiesce;
    if (!quiesce || policy === 'never') return this.make(vm, key, { quiesced: false }, call);
    const facts = await this.vsphere.vm(vm, call, [
      'guest.toolsRunningStatus',
      'guest.toolsVersionStatus2',
      'runtime.powerState',
    ]);
    // a machine that is off has nothing to flush
    if (powerStateOf(facts['runtime.powerState']) !== 'running')
      return this.make(vm, key, { quiesced: false, because: 'The machine was off.' }, call);
    if (policy === 'auto' && guestToolsOf(facts) !== 'running')
      return this.make(vm, key, { quiesced: false, because: 'VMware Tools did not run.' }, call);
    try {
      return await this.make(vm, key, { quiesced: true }, call);
    } catch (fault) {
      if (!isQuiesceFault(fault)) throw fault;
      // a failed one may stand half-made, and would be found by its key as if it were whole
      for (const left of await this.ours(vm, call))
        if (left.note.key === key) await this.drop(vm, left.ref, call);
      if (policy === 'require') throw fault;
      const because = `The guest could not flush: ${fault.message}`;
      this.vsphere.log.warn('The snapshot is taken without the guest: it is crash-consistent.', {
        vm,
        because,
      });
      return this.make(vm, key, { quiesced: false, because }, call);
    }
  }

  private async make(
    vm: string,
    key: string,
    how: { readonly quiesced: boolean; readonly because?: string },
    call: CallOptions,
  ): Promise<ManagedObjectReference> {
    const { client, ledger } = this.vsphere;
    // Whoever aborts must find nothing: what was asked for cannot be taken back, so its end is waited for all the same.
    const patient = { signal: uncancelled() };
    const task = await client.call(
      'CreateSnapshot_Task',
      this.vsphere.vmRef(vm),
      {
        name: snapshotName(key),
        description: snapshotDescription({ key, owner: ledger.owner, ...how }),
        memory: false,
        quiesce: how.quiesced,
      },
      patient,
    );
    const made = await this.madeBy(task, vm, key, patient);
    if (call.signal.aborted) await this.drop(vm, made, patient);
    throwIfAborted(call.signal);
    return made;
  }

  /** The snapshot that a task has made; the server may forget the task before it was asked how it went. */
  private async madeBy(
    task: ManagedObjectReference,
    vm: string,
    key: string,
    call: CallOptions,
  ): Promise<ManagedObjectReference> {
    try {
      return (await waitForTask(this.vsphere.client, task, call)) as ManagedObjectReference;
    } catch (fault) {
      const made =
        fault instanceof TaskVanished && (await this.ours(vm, call)).find(({ note }) => note.key === key);
      if (!made) throw fault;
      return made.ref;
    }
  }

  /** Ends what reads the snapshot, removes it, and consolidates what that left. */
  private async drop(vm: string, snapshot: ManagedObjectReference, call: CallOptions): Promise<void> {
    const { client } = this.vsphere;
    await this.vsphere.leases.endAll(snapshot.value);
    try {
      const how = { removeChildren: false, consolidate: true };
      const task = await client.call('RemoveSnapshot_Task', snapshot as never, how, call);
      await waitForTask(client, task, call);
    } catch (fault) {
      if (!isGone(fault)) throw fault;
    }
    // the machine may have gone with its snapshot
    await consolidate(this.vsphere, vm, call).catch(rethrowUnlessGone);
  }

  private async standing(vm: string, call: CallOptions): Promise<StandingSnapshot[]> {
    return snapshotsOf(await this.vsphere.vm(vm, call, ['snapshot']));
  }

  private async ours(vm: string, call: CallOptions): Promise<Ours[]> {
    return (await this.standing(vm, call)).filter((one): one is Ours => one.note !== undefined);
  }

  /** Waits for tasks on snapshots of the machine that are running: ours of before a crash, or somebody else's. */
  private async settled(vm: string, call: CallOptions): Promise<void> {
    for (const task of await this.vsphere.runningSnapshotTasks(vm, call))
      await waitForTask(this.vsphere.client, task, call).catch((fault: unknown) => {
        throwIfAborted(call.signal);
        this.vsphere.log.info('A task on snapshots of the machine failed.', { vm, fault: String(fault) });
      });
  }

  /** Through all machines: only after the connection's own directory was lost. */
  private async search(key: string, call: CallOptions): Promise<string | undefined> {
    for await (const { obj, props } of this.vsphere.vms(['snapshot'], call)) {
      const mine = snapshotsOf(props as never).some(({ note }) => note?.key === key);
      if (mine) return obj.value;
    }
    return undefined;
  }
}

function rethrowUnlessGone(fault: unknown): false {
  if (isGone(fault)) return false;
  throw fault;
}

function anotherStands(vm: string, { name, note }: Ours): MigrationError {
  return new MigrationError(
    'resource.conflict',
    `The machine has the snapshot "${name}" of another appliance's replication; it must be removed there first.`,
    { context: { vm, key: note.key } },
  );
}
