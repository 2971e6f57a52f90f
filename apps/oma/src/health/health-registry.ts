import { Injectable } from '@nestjs/common';
import type { HealthDetail, HealthPart } from '@ossea/api-contract';
import { asMigrationError } from '@ossea/errors';
import { productVersion } from './product-version.js';

/** A part that does not answer in time is down. */
const PROBE_TIMEOUT_MS = 3_000;
/** Everyone may ask how we are; the answer is made at most once in this time. */
const FRESH_MS = 1_000;

export type HealthProbe = () => Promise<HealthPart> | HealthPart;

/** What the rooms say about their health. A part that is absent on purpose does no harm. */
@Injectable()
export class HealthRegistry {
  private readonly probes = new Map<string, HealthProbe>();
  private latest: { readonly atMs: number; readonly detail: Promise<HealthDetail> } | undefined;

  /** @param name as it stands in the answer: `database`, `tunnel`, … Gives the function that takes it away. */
  add(name: string, probe: HealthProbe): () => void {
    this.probes.set(name, probe);
    this.latest = undefined;
    return () => this.probes.delete(name);
  }

  detail(): Promise<HealthDetail> {
    const now = performance.now();
    if (!this.latest || now - this.latest.atMs > FRESH_MS) this.latest = { atMs: now, detail: this.ask() };
    return this.latest.detail;
  }

  private async ask(): Promise<HealthDetail> {
    const parts = await Promise.all(
      [...this.probes].map(async ([name, probe]) => [name, await answerOf(probe)] as const),
    );
    const isWell = parts.every(([, { status }]) => status === 'ok' || status === 'absent');
    return {
      status: isWell ? 'ok' : 'degraded',
      version: productVersion(),
      parts: Object.fromEntries(parts.sort(([a], [b]) => (a < b ? -1 : 1))),
    };
  }
}

async function answerOf(probe: HealthProbe): Promise<HealthPart> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<HealthPart>((resolve) => {
    const silent = { status: 'down', detail: `No answer within ${PROBE_TIMEOUT_MS} ms.` } as const;
    timer = setTimeout(() => resolve(silent), PROBE_TIMEOUT_MS);
  });
  try {
    return await Promise.race([Promise.resolve().then(probe), late]);
  } catch (error) {
    return { status: 'down', detail: asMigrationError(error).message.slice(0, 300) };
  } finally {
    clearTimeout(timer);
  }
}
