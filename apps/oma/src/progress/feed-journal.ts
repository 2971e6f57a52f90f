import type { FeedEnvelope } from '@ossea/api-contract';
import type { z } from 'zod';
import { newId } from '../database/new-id.js';

export type Envelope = z.infer<typeof FeedEnvelope>;

/** What happened, before it has its place in the feed. */
export interface Happening {
  readonly id?: string;
  readonly type: string;
  readonly subject: string;
  readonly correlationId?: string;
  readonly at?: Date;
  readonly data: object;
}

/** Facts are kept for at least this long, and at least this many of them … */
const KEEP_MS = 300_000;
const KEEP_FACTS = 1_000;
/** … but never more than this: whoever missed more asks for a snapshot. */
const MAX_FACTS = 20_000;
const TIDY_EVERY = 500;
const MAX_MEASURES = 5_000;

/**
 * The feed's memory: one sequence for everything that is told. Facts are kept for those who missed some; of measures
 * only the latest of each subject, because it says all that the earlier ones said.
 */
export class FeedJournal {
  /** One life of the server. */
  readonly epoch = newId('feed');
  private lastSeq = 0;
  private facts: Envelope[] = [];
  private untidied = 0;
  /** The oldest position from which every fact is still known. */
  private completeSince = 0;
  private readonly measures = new Map<string, Envelope>();

  constructor(private readonly now: () => number = Date.now) {}

  /** The position of the latest event. */
  get seq(): number {
    return this.lastSeq;
  }

  fact(happening: Happening): Envelope {
    const envelope = this.place(happening);
    this.facts.push(envelope);
    this.forgetOld();
    return envelope;
  }

  measure(happening: Happening): Envelope {
    const envelope = this.place(happening);
    const key = `${envelope.type} ${envelope.subject}`;
    // moved to the end: the one that was told longest ago is the first to be forgotten
    this.measures.delete(key);
    this.measures.set(key, envelope);
    const [oldest] = this.measures.keys();
    if (this.measures.size > MAX_MEASURES && oldest !== undefined) this.measures.delete(oldest);
    return envelope;
  }

  /** The subject is measured no more. */
  forgetMeasures(subject: string): void {
    for (const [key, envelope] of this.measures) if (envelope.subject === subject) this.measures.delete(key);
  }

  /** The latest measure of this type, of every subject that has one. */
  latest(type: string): readonly Envelope[] {
    return [...this.measures.values()].filter((envelope) => envelope.type === type);
  }

  /** What came after a position; `undefined` when that is not known any more, or was never our own. */
  since(position: { readonly epoch: string; readonly seq: number }): readonly Envelope[] | undefined {
    if (position.epoch !== this.epoch || position.seq > this.lastSeq || position.seq < this.completeSince)
      return undefined;
    return [...this.facts, ...this.measures.values()]
      .filter(({ seq }) => seq > position.seq)
      .sort((a, b) => a.seq - b.seq);
  }

  private place({ id, type, subject, correlationId, at, data }: Happening): Envelope {
    this.lastSeq += 1;
    return {
      epoch: this.epoch,
      seq: this.lastSeq,
      id: id ?? `msr_${this.lastSeq}`,
      type,
      subject,
      time: (at ?? new Date(this.now())).toISOString(),
      ...(correlationId === undefined ? {} : { correlationId }),
      data: data as Record<string, unknown>,
    };
  }

  private forgetOld(): void {
    // in batches, so that adding stays cheap
    this.untidied += 1;
    if (this.untidied < TIDY_EVERY) return;
    this.untidied = 0;
    const { length } = this.facts;
    if (length <= KEEP_FACTS) return;
    const oldest = this.now() - KEEP_MS;
    const aged = this.facts.findIndex(({ time }) => Date.parse(time) > oldest);
    const byAge = Math.min(aged === -1 ? length : aged, length - KEEP_FACTS);
    const drop = Math.max(byAge, length - MAX_FACTS);
    if (drop <= 0) return;
    this.completeSince = this.facts[drop - 1]?.seq ?? this.completeSince;
    this.facts = this.facts.slice(drop);
  }
}
