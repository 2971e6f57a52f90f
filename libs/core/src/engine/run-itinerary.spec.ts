import { MigrationError, type ErrorCode } from '@ossea/errors';
import { describe, expect, it } from 'vitest';
import { CONTEXT_ITINERARIES, type Leg } from '../steps/itineraries.js';

import { STEPS } from '../steps/steps.js';
import { InMemoryRunStore } from './in-memory-run-store.js';
import { runLegs, type EnginePorts, type LooseHandler, type RunOutcome } from './run-legs.js';
import { eventOf } from './run-itinerary.js';

const { preparing, replicating, cancelling } = CONTEXT_ITINERARIES;
/** Handlers that return whatever their step yields, with some of them replaced. */
function handlers(replaced: Record<string, LooseHandler> = {}): Record<string, LooseHandler> {
  const ordinary = Object.entries(STEPS).map(([name, step]): [string, LooseHandler] => {
    const names = [
      ...('produces' in step ? step.produces : []),
      ...('acquires' in step ? step.acquires : []),
    ];
    return [
      name,
      () => Promise.resolve(Object.fromEntries(names.map((fact) => [fact, `${fact} of ${name}`]))),
    ];
  });
  return { ...Object.fromEntries(ordinary), ...replaced };
}

class Bench {
  readonly waits: number[] = [];
  readonly cancel = new AbortController();
  private keys = 0;
  ports: EnginePorts;
  constructor(readonly store: InMemoryRunStore) {
    this.ports = {
      store,
      clock: { wait: (ms) => Promise.resolve(void this.waits.push(ms)) },
      random: () => 1,
      newKey: (resource) => `${resource.toLowerCase()}-${(this.keys += 1)}`,
    };
  }
  run(
    legs: readonly Leg[],
    replaced: Record<string, LooseHandler> = {},
    capabilities: string[] = ['source.changedBlocks'],
  ): Promise<RunOutcome> {
    return runLegs(
      {
        runId: 'run-1',
        legs,
        steps: STEPS,
        handlers: handlers(replaced),
        capabilities: new Set(capabilities),
        context: undefined,
        signal: this.cancel.signal,
      },
      this.ports,
    );
  }
}
const fresh = (findings: Record<string, unknown> = { vmId: 'vm-1' }): Bench =>
  new Bench(new InMemoryRunStore(findings));
/** A handler that fails so often with a code, and then yields. */
const failing = (code: ErrorCode, times: number, yields: Record<string, unknown> = {}): LooseHandler => {
  let left = times;
  return () =>
    (left -= 1) >= 0
      ? Promise.reject(new MigrationError(code, 'why', { context: { n: 1 } }))
      : Promise.resolve(yields);
};

describe('the ledger', () => {
  it('holds our key before the effect, and the value after it', async () => {
    const bench = fresh();
    const seen: unknown[] = [];
    const outcome = await bench.run(preparing, {
      'create-volumes': (_given, call) => {
        seen.push([call.keys['volumes'], bench.store.openRows().find((row) => row.resource === 'volumes')]);
        return Promise.resolve({ volumes: [{ disk: 'vda', volume: 'v1' }], freshVolumes: [] });
      },
    });
    expect(outcome).toEqual({ ending: 'succeeded', deferred: [] });
    expect(seen).toEqual([['volumes-2', { resource: 'volumes', key: 'volumes-2', state: 'claimed' }]]);
    expect(bench.store.openRows()).toContainEqual({
      resource: 'volumes',
      key: 'volumes-2',
      state: 'held',
      ref: [{ disk: 'vda', volume: 'v1' }],
    });
  });

  it('keeps a key over a crash until its resource is released', async () => {
    const bench = fresh();
    const keys: unknown[] = [];
    const crash = bench.run(preparing, {
      'create-volumes': (_given, call) => {
        keys.push(call.keys['volumes']);
        bench.store.disowned = true; // this process stands still; another one takes the run over
        return Promise.resolve({ volumes: [], freshVolumes: [] });
      },
    });
    expect(await crash).toEqual({ ending: 'disowned' });
    bench.store.disowned = false;
    const before = bench.store.log.length;
    expect(
      (
        await bench.run(preparing, {
          'create-volumes': (_given, call) => {
            keys.push(call.keys['volumes']);
            return Promise.resolve({ volumes: [], freshVolumes: [] });
          },
        })
      ).ending,
    ).toBe('succeeded');
    expect(keys).toEqual(['volumes-2', 'volumes-2']);
    expect(bench.store.log.slice(before)).toEqual([
      'begin create-volumes',
      'succeeded create-volumes',
      'begin attach-volumes',
      'succeeded attach-volumes',
    ]);
  });

  it('lets go only after the removal has finished', async () => {
    const bench = fresh();
    bench.store.ledger.push({ resource: 'snapshot', key: 'snapshot-9', ref: 's9', state: 'held' });
    const outcome = await bench.run(cancelling, { 'drop-snapshot': failing('auth.rejected', 1) });
    expect(outcome).toMatchObject({ ending: 'faulted', fault: { step: 'drop-snapshot' } });
    expect(bench.store.openRows()).toHaveLength(1);
    expect((await bench.run(cancelling)).ending).toBe('succeeded');
    expect(bench.store.openRows()).toEqual([]);
    expect(bench.store.ledger[0]?.state).toBe('released');
  });
});

describe('faults', () => {
  it('tries again with growing pauses, then gives up with cause, evidence, remedy and cost', async () => {
    const bench = fresh();
    const outcome = await bench.run(preparing, { 'create-volumes': failing('storage.io-failed', 99) });
    expect(bench.waits).toEqual([1_000, 3_000, 9_000]);
    expect(outcome).toMatchObject({
      ending: 'faulted',
      fault: {
        step: 'create-volumes',
        code: 'storage.io-failed',
        cause: 'why',
        evidence: { n: 1 },
        attempts: 4,
        retryCost: 'Repeats this step only; what has ended is kept.',
      },
    });
    expect(eventOf(outcome)).toBe('faulted');
  });

  it('does not try again what the operator must correct', async () => {
    const bench = fresh();
    expect(await bench.run(preparing, { 'create-volumes': failing('quota.exhausted', 1) })).toMatchObject({
      ending: 'faulted',
      fault: { recovery: 'fix-and-retry', attempts: 1 },
    });
    expect(bench.waits).toEqual([]);
    expect((await bench.run(preparing)).ending).toBe('succeeded');
    expect(bench.store.log.filter((line) => line === 'begin describe-vm')).toHaveLength(1);
  });

  it('counts tries from the last progress', async () => {
    const bench = fresh();
    let calls = 0;
    const outcome = await bench.run(preparing, {
      'create-volumes': (_given, call) => {
        calls += 1;
        call.report({ fraction: calls / 10 });
        return calls < 8
          ? Promise.reject(new MigrationError('storage.io-failed', 'again'))
          : Promise.resolve({ volumes: [], freshVolumes: [] });
      },
    });
    expect(outcome.ending).toBe('succeeded');
    expect(bench.waits).toEqual(Array(7).fill(1_000));
    expect([...bench.store.shown].sort((a, b) => a - b)).toEqual(bench.store.shown);
    expect(bench.store.shown.every((share) => share > 0 && share <= 1)).toBe(true);
  });

  it('goes back to the plan when tracking was reset, and forgets the token', async () => {
    const bench = fresh({ vmId: 'vm-1', recoveryPoint: {}, changeTokens: ['t1'] });
    const plans: unknown[] = [];
    await bench.run(preparing);
    const next = new InMemoryRunStore({ vmId: 'vm-1', recoveryPoint: {}, changeTokens: ['t1'] });
    next.ledger.push(...bench.store.ledger);
    const cycle = new Bench(next);
    const outcome = await cycle.run(replicating, {
      'decide-work': (given) => {
        plans.push(given['changeTokens']);
        return Promise.resolve({ cyclePlan: {} });
      },
      'copy-disks': failing('tracking.reset', 1, { copied: [] }),
    });
    expect(outcome.ending).toBe('succeeded');
    expect(plans).toEqual([['t1'], undefined]);
    expect(next.log.filter((line) => line === 'begin take-snapshot')).toHaveLength(1);
  });

  it('opens fresh exports when what was written does not equal the journal', async () => {
    const bench = fresh();
    await bench.run(preparing);
    bench.store.finishedLegs.clear();
    const opened: unknown[] = [];
    const outcome = await bench.run(replicating, {
      'open-exports': (_given, call) => {
        opened.push(call.keys['exports'], bench.store.openRows().find((r) => r.resource === 'exports')?.ref);
        return Promise.resolve({ exports: ['e'] });
      },
      'check-written': failing('copy.incomplete', 1, { written: true }),
    });
    expect(outcome.ending).toBe('succeeded');
    expect(opened[0]).toBe(opened[2]);
    expect([opened[1], opened[3]]).toEqual([undefined, undefined]);
    expect(bench.store.log.filter((line) => line === 'begin copy-disks')).toHaveLength(2);
  });

  it('puts a fold off when the volume is in use', async () => {
    const bench = fresh();
    await bench.run(preparing);
    bench.store.finishedLegs.clear();
    const outcome = await bench.run(replicating, { 'fold-deltas': failing('volume.in-use', 99) });
    expect(outcome).toEqual({ ending: 'succeeded', deferred: ['fold-deltas'] });
    expect(bench.store.log.at(-1)).toBe('deferred fold-deltas');
  });

  it('does not begin a fold under a hold of another run', async () => {
    const bench = fresh();
    await bench.run(preparing);
    bench.store.finishedLegs.clear();
    bench.store.heldBeside.add('hold');
    expect(await bench.run(replicating)).toEqual({ ending: 'succeeded', deferred: ['fold-deltas'] });
    expect(bench.store.log).not.toContain('begin fold-deltas');
  });

  it('calls a handler that does not yield what it must a fault', async () => {
    const outcome = await fresh().run(preparing, { 'create-volumes': () => Promise.resolve() });
    expect(outcome).toMatchObject({ ending: 'faulted', fault: { code: 'internal.unexpected' } });
  });

  it('says so when a leg is blocked', async () => {
    const outcome = await fresh({}).run(preparing);
    expect(outcome).toMatchObject({ ending: 'faulted', fault: { step: 'describe-vm', attempts: 0 } });
  });
});

describe('cancel', () => {
  it('resolves only when the running handler has stopped', async () => {
    const bench = fresh();
    let stopped = false;
    const run = bench.run(preparing, {
      'create-volumes': (_given, call) =>
        new Promise((_resolve, reject) => {
          call.signal.addEventListener('abort', () => {
            queueMicrotask(() => {
              stopped = true;
              reject(new MigrationError('call.aborted', 'stopped'));
            });
          });
          bench.cancel.abort();
        }),
    });
    expect(await run).toEqual({ ending: 'cancelled' });
    expect(stopped).toBe(true);
    expect(bench.store.log.at(-1)).toBe('cancelled create-volumes');
    expect(bench.store.openRows().map((row) => row.resource)).toEqual(['tracking', 'volumes']);
  });

  it('waits for a step that must not stop half-way, and keeps what it did', async () => {
    const bench = fresh();
    await bench.run(preparing);
    bench.store.finishedLegs.clear();
    const outcome = await bench.run(replicating, {
      'seal-recovery-point': (_given, call) => {
        bench.cancel.abort();
        expect(call.signal.aborted).toBe(false);
        call.joinEnd((store) => Promise.resolve(void (store as InMemoryRunStore).log.push('sealed')));
        return Promise.resolve({ recoveryPoint: 'n', changeTokens: 't' });
      },
    });
    expect(outcome).toEqual({ ending: 'cancelled' });
    expect(bench.store.log.slice(-2)).toEqual(['sealed', 'succeeded seal-recovery-point']);
    expect(bench.store.findings.get('recoveryPoint')).toBe('"n"');
  });

  it('does not wait out a pause', async () => {
    const bench = fresh();
    bench.ports = { ...bench.ports, clock: { wait: () => Promise.resolve(bench.cancel.abort()) } };
    const outcome = await bench.run(preparing, { 'create-volumes': failing('storage.io-failed', 1) });
    expect(outcome).toEqual({ ending: 'cancelled' });
  });
});

it('lets the errors of the store through: they are no fault of a step', async () => {
  const bench = fresh();
  bench.store.beginStep = () => Promise.reject(new MigrationError('database.unavailable', 'gone'));
  await expect(bench.run(preparing)).rejects.toMatchObject({ code: 'database.unavailable' });
});
