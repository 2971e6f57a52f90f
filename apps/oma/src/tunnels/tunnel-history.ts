import { Injectable, Logger } from '@nestjs/common';
import type { ListQuery, TunnelEvent, TunnelEventPage } from '@ossea/api-contract';
import type { TunnelHealth } from '@ossea/tunnel';
import { DataSource, LessThan, type EntityManager } from 'typeorm';
import { newId } from '../database/new-id.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { Outbox } from '../progress/outbox.js';
import { TunnelEventRow } from './tunnel-event.entity.js';
import { Vma } from './vma.entity.js';

/** How long, and how many of each VMA, are kept: whichever is less. */
export const KEEP_DAYS = 30;
export const KEEP_ROWS = 2_000;

const DAY_MS = 86_400_000;
const BECAUSE_CHARACTERS = 2_000;

/** How each tunnel became what it is: a row and a fact for every change of its state, in their order. */
@Injectable()
export class TunnelHistory {
  private readonly logger = new Logger('tunnels');
  private told: Promise<void> = Promise.resolve();

  constructor(
    private readonly database: DataSource,
    private readonly unitOfWork: UnitOfWork,
    private readonly outbox: Outbox,
  ) {}

  /** Notes what a tunnel has become. Never rejects, and does not wait. */
  add(vmaId: string, health: TunnelHealth): void {
    this.told = this.told.then(() =>
      this.unitOfWork
        .run((manager) => this.store(manager, vmaId, health))
        // the next one says how it is then; what is true now is known without the database
        .catch((error: unknown) =>
          this.logger.error(
            `That the tunnel to ${vmaId} is ${health.state} could not be stored: ${String(error)}`,
          ),
        ),
    );
  }

  /** Settles when everything that happened so far is stored. */
  settled(): Promise<void> {
    return this.told;
  }

  /** Newest first; `cursor` is the id of the last one seen. */
  async page(vmaId: string, { limit, cursor }: ListQuery): Promise<TunnelEventPage> {
    const rows = await this.database.getRepository(TunnelEventRow).find({
      where: { vmaId, ...(cursor === undefined ? {} : { id: LessThan(cursor) }) },
      order: { id: 'DESC' },
      take: limit + 1,
    });
    const items = rows.slice(0, limit).map(view);
    const last = items.at(-1);
    return { items, page: rows.length > limit && last ? { next: last.id } : {} };
  }

  private async store(manager: EntityManager, vmaId: string, health: TunnelHealth): Promise<void> {
    const { state, direction } = health;
    const because = health.because.slice(0, BECAUSE_CHARACTERS);
    const now = new Date();
    const rtts = Object.values(health.rttMs);
    const id = newId('tev');
    await manager.getRepository(TunnelEventRow).insert({
      id,
      vmaId,
      at: health.since,
      state,
      because,
      direction: direction ?? null,
      rttMs: rtts.length > 0 ? Math.max(...rtts) : null,
    });
    await this.forgetOld(manager, vmaId, now);
    await manager.getRepository(Vma).update({ id: vmaId }, { lastSeenAt: now, updatedAt: now });
    const why = { vmaId, reason: because, ...(direction === undefined ? {} : { direction }) };
    if (state === 'up') await this.outbox.append(manager, 'tunnel.up', vmaId, { vmaId });
    else if (state === 'down') await this.outbox.append(manager, 'tunnel.down', vmaId, why);
    else if (state === 'degraded') await this.outbox.append(manager, 'tunnel.degraded', vmaId, why);
    else await this.outbox.append(manager, 'tunnel.half-open', vmaId, why);
  }

  private async forgetOld(manager: EntityManager, vmaId: string, now: Date): Promise<void> {
    const rows = manager.getRepository(TunnelEventRow);
    await rows.delete({ vmaId, at: LessThan(new Date(now.getTime() - KEEP_DAYS * DAY_MS)) });
    const [oldestKept] = await rows.find({
      where: { vmaId },
      order: { id: 'DESC' },
      skip: KEEP_ROWS - 1,
      take: 1,
    });
    if (oldestKept) await rows.delete({ vmaId, id: LessThan(oldestKept.id) });
  }
}

function view({ id, vmaId, at, state, because, direction, rttMs }: TunnelEventRow): TunnelEvent {
  return {
    id,
    vmaId,
    at: at.toISOString(),
    state,
    because,
    ...(direction === null ? {} : { direction }),
    ...(rttMs === null ? {} : { rttMs }),
  };
}
