import { Injectable } from '@nestjs/common';
import { Counter, Gauge, Registry, collectDefaultMetrics } from 'prom-client';
import { productVersion } from '../health/product-version.js';

/** One sample of a metric that is read when somebody asks. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

interface Asked {
  /** `ossea_<what>_<unit>`, and `_total` for what only grows. */
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  /** Every sample there is now: what it does not name any more is gone from the answer, too. */
  readonly read: () => Promise<readonly Sample[]> | readonly Sample[];
}

/** The metrics of this process, and of what it knows. */
@Injectable()
export class MetricsRegistry {
  readonly registry = new Registry();

  constructor() {
    collectDefaultMetrics({ register: this.registry });
    this.gauge({
      name: 'ossea_build_info',
      help: 'The release that runs; always 1.',
      labels: ['version'],
      read: () => [{ labels: { version: productVersion() }, value: 1 }],
    });
  }

  /** What may rise and fall. */
  gauge({ name, help, labels, read }: Asked): void {
    new Gauge({
      name,
      help,
      labelNames: [...labels],
      registers: [this.registry],
      async collect() {
        const samples = await read();
        this.reset();
        for (const sample of samples) this.set({ ...sample.labels }, sample.value);
      },
    });
  }

  /** What only grows, and is counted elsewhere. */
  counter({ name, help, labels, read }: Asked): void {
    new Counter({
      name,
      help,
      labelNames: [...labels],
      registers: [this.registry],
      async collect() {
        const samples = await read();
        this.reset();
        for (const sample of samples) this.inc({ ...sample.labels }, sample.value);
      },
    });
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  /** All of it in the Prometheus text format. */
  text(): Promise<string> {
    return this.registry.metrics();
  }
}
