import { MigrationError } from '@ossea/errors';
import type { StepProgress } from '../steps/handlers.js';
import type { JoinedWrite, LedgerRow, RunState, RunStore, StepEnd, StepStart } from './run-store.js';

/** A run store that lives as long as the process: for tests and for trying things out. Values are kept as JSON. */
export class InMemoryRunStore implements RunStore {
  readonly findings = new Map<string, string>();
  readonly ledger: LedgerRow[] = [];
  readonly finishedLegs = new Set<number>();
  /** Everything that was stored, in order, as short lines. */
  readonly log: string[] = [];
  readonly ends: StepEnd[] = [];
  readonly shown: number[] = [];
  /** Resources that another run of the same VM owns. */
  readonly heldBeside = new Set<string>();
  /** Turns true when another process takes the run over. */
  disowned = false;

  constructor(findings: Readonly<Record<string, unknown>> = {}) {
    for (const [name, value] of Object.entries(findings)) this.findings.set(name, JSON.stringify(value));
  }

  load(_runId: string): Promise<RunState> {
    return Promise.resolve({
      findings: Object.fromEntries(
        [...this.findings].map(([name, json]): [string, unknown] => [name, JSON.parse(json)]),
      ),
      ledger: this.openRows(),
      finishedLegs: new Set(this.finishedLegs),
    });
  }

  openRows(): LedgerRow[] {
    return this.ledger.filter((row) => row.state === 'claimed' || row.state === 'held');
  }

  async beginStep(_runId: string, start: StepStart): Promise<'begun' | 'yields'> {
    this.checkOwner();
    if (start.yieldsTo.some((resource) => this.heldBeside.has(resource))) return Promise.resolve('yields');
    this.log.push(`begin ${start.step}`);
    for (const name of start.drop) this.findings.delete(name);
    for (const claim of start.claim) this.ledger.push({ ...claim, state: 'claimed' });
    return Promise.resolve('begun');
  }

  async endStep(_runId: string, end: StepEnd, joined: readonly JoinedWrite[]): Promise<void> {
    this.checkOwner();
    for (const write of joined) await write(this);
    this.log.push(`${end.ending} ${end.step}`);
    this.ends.push(end);
    for (const name of end.drop) this.findings.delete(name);
    for (const [name, value] of Object.entries(end.found)) this.findings.set(name, JSON.stringify(value));
    for (const [resource, ref] of Object.entries(end.held)) this.change(resource, { state: 'held', ref });
    for (const resource of end.unknown) this.change(resource, { state: 'claimed', ref: undefined });
    for (const { resource, as } of end.left) this.change(resource, { state: as });
    for (const leg of end.reopen) this.finishedLegs.delete(leg);
    if (end.ending === 'succeeded' || end.ending === 'deferred') this.finishedLegs.add(end.leg);
  }

  async skipLeg(_runId: string, leg: number, why: 'not-possible' | 'deferred'): Promise<void> {
    this.checkOwner();
    if (why === 'deferred') this.log.push(`deferred leg ${leg}`);
    this.finishedLegs.add(leg);
    return Promise.resolve();
  }

  progress(_runId: string, _step: string, _progress: StepProgress, overall: number): void {
    this.shown.push(overall);
  }

  private change(resource: string, to: Partial<LedgerRow>): void {
    const at = this.ledger.findIndex(
      (row) => row.resource === resource && (row.state === 'claimed' || row.state === 'held'),
    );
    if (at >= 0) this.ledger[at] = { ...this.ledger[at]!, ...to };
  }

  private checkOwner(): void {
    if (this.disowned) throw new MigrationError('job.disowned', 'Another process owns this run.');
  }
}
