import type { IdempotencyKey } from '@ossea/plugin-sdk';
import type { Situation } from '../steps/choose-step.js';
import type { LedgerRow, RunState, StepEnd, StepStart } from './run-store.js';

/** What a run knows, kept equal to its store: every change is stored first and applied here afterwards. */
export class RunMemory {
  private readonly findings: Map<string, unknown>;
  private readonly ledger: Map<string, LedgerRow>;
  private readonly finished: Set<number>;

  constructor(state: RunState) {
    this.findings = new Map(Object.entries(state.findings));
    this.ledger = new Map(state.ledger.map((row) => [row.resource, row]));
    this.finished = new Set(state.finishedLegs);
  }

  situation(capabilities: ReadonlySet<string>): Situation {
    const held = [...this.ledger.values()].filter((row) => row.state === 'held').map((row) => row.resource);
    return {
      capabilities,
      known: new Set([...this.findings.keys(), ...held]),
      ledger: new Set(this.ledger.keys()),
    };
  }

  /** The facts of these names that are known. */
  facts(names: readonly string[]): Record<string, unknown> {
    const known = names.flatMap((name): [string, unknown][] => {
      const row = this.ledger.get(name);
      if (row?.state === 'held') return [[name, row.ref]];
      return this.findings.has(name) ? [[name, this.findings.get(name)]] : [];
    });
    return Object.fromEntries(known);
  }

  keyOf(resource: string): IdempotencyKey | undefined {
    return this.ledger.get(resource)?.key;
  }

  isFinished(leg: number): boolean {
    return this.finished.has(leg);
  }

  finish(leg: number): void {
    this.finished.add(leg);
  }

  begin(start: StepStart): void {
    for (const name of start.drop) this.findings.delete(name);
    for (const { resource, key } of start.claim) {
      this.ledger.set(resource, { resource, key, state: 'claimed' });
    }
  }

  end(end: StepEnd): void {
    for (const name of end.drop) this.findings.delete(name);
    for (const [name, value] of Object.entries(end.found)) this.findings.set(name, value);
    for (const [resource, ref] of Object.entries(end.held)) {
      const key = this.ledger.get(resource)?.key;
      if (key !== undefined) this.ledger.set(resource, { resource, key, ref, state: 'held' });
    }
    for (const resource of end.unknown) {
      const key = this.ledger.get(resource)?.key;
      if (key !== undefined) this.ledger.set(resource, { resource, key, state: 'claimed' });
    }
    for (const { resource } of end.left) this.ledger.delete(resource);
    for (const leg of end.reopen) this.finished.delete(leg);
    if (end.ending === 'succeeded' || end.ending === 'deferred') this.finished.add(end.leg);
  }
}
