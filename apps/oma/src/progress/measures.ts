import { MEASURES, type FeedData, type MeasureType } from '@ossea/api-contract';
import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';

/** At most four a second of one type and subject. */
export const COALESCE_MS = 250;

export interface Measure<T extends MeasureType = MeasureType> {
  readonly type: T;
  readonly subject: string;
  readonly correlationId?: string;
  readonly data: FeedData<T>;
}

export type MeasureListener = (measure: Measure) => void;

interface Slot {
  timer: NodeJS.Timeout;
  latest: Measure | undefined;
}

/** What running jobs measure. Not kept: of many in a quarter of a second the latest one is told, and it is always told. */
@Injectable()
export class Measures implements BeforeApplicationShutdown {
  private readonly listeners = new Set<MeasureListener>();
  private readonly slots = new Map<string, Slot>();

  beforeApplicationShutdown(): void {
    for (const { timer } of this.slots.values()) clearTimeout(timer);
    this.slots.clear();
  }

  /** @param subject the id of what was measured: of the job, or of the VM context. */
  report<T extends MeasureType>(type: T, subject: string, data: FeedData<T>, correlationId?: string): void {
    const checked = MEASURES[type].parse(data) as FeedData<T>;
    const measure = {
      type,
      subject,
      data: checked,
      ...(correlationId === undefined ? {} : { correlationId }),
    };
    const key = `${type} ${subject}`;
    const slot = this.slots.get(key);
    if (slot) {
      slot.latest = measure;
      return;
    }
    this.tell(measure);
    this.rest(key);
  }

  onMeasure(listener: MeasureListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private rest(key: string): void {
    const timer = setTimeout(() => {
      const latest = this.slots.get(key)?.latest;
      this.slots.delete(key);
      if (!latest) return;
      this.tell(latest);
      this.rest(key);
    }, COALESCE_MS).unref();
    this.slots.set(key, { timer, latest: undefined });
  }

  private tell(measure: Measure): void {
    for (const listener of this.listeners) listener(measure);
  }
}
