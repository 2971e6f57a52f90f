import { Inject, Injectable } from '@nestjs/common';
import { MigrationError } from '@ossea/errors';
import { networkOf } from '@ossea/tunnel';
import { TUNNELS_SETTINGS, type TunnelsSettings } from './tunnels-ports.js';

const MINUTE_MS = 60_000;

type Limits = Pick<TunnelsSettings, 'enrolmentsPerMinute' | 'enrolmentsInAllPerMinute'>;

/** So many pairing codes may be tried within a minute: from one network, and in all. What is refused is not counted. */
@Injectable()
export class EnrolmentLimits {
  /** Never more than the limit in all: a flood cannot fill the memory. */
  private tried: { readonly network: string; readonly atMs: number }[] = [];

  constructor(@Inject(TUNNELS_SETTINGS) private readonly limits: Limits) {}

  /** Counts a try. Throws `access.throttled` for one too many. */
  count(address: string, nowMs = performance.now()): void {
    this.tried = this.tried.filter(({ atMs }) => nowMs - atMs < MINUTE_MS);
    const network = networkOf(address);
    const ours = this.tried.filter((one) => one.network === network);
    const { enrolmentsPerMinute, enrolmentsInAllPerMinute } = this.limits;
    const first =
      ours.length >= enrolmentsPerMinute
        ? ours[0]
        : this.tried.length >= enrolmentsInAllPerMinute
          ? this.tried[0]
          : undefined;
    if (first)
      throw new MigrationError('access.throttled', 'Too many pairing codes were tried; wait a little.', {
        context: { retryAfterSeconds: Math.ceil((first.atMs + MINUTE_MS - nowMs) / 1_000) },
      });
    this.tried.push({ network, atMs: nowMs });
  }
}
