import { Injectable } from '@nestjs/common';
import type { AuditAction } from '@ossea/api-contract';
import { UnitOfWork } from '../database/unit-of-work.js';
import { AuditTrail, type AuditEntry } from './audit-trail.js';

const WINDOW_MS = 60_000;
/** Of one action in a minute. Refusals at an open port come by the thousand, and must not fill the database. */
const MAX_IN_WINDOW = 60;

interface Window {
  readonly beganMs: number;
  count: number;
  leftOut: number;
}

/** Keeps what was refused. It changed nothing, so each has a transaction of its own. */
@Injectable()
export class AuditRefusals {
  private readonly windows = new Map<AuditAction, Window>();

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly audit: AuditTrail,
  ) {}

  /** Of a flood the first ones of each minute are kept; the next row tells how many were left out before it. */
  async write(entry: Omit<AuditEntry, 'outcome'>, nowMs = Date.now()): Promise<void> {
    const known = this.windows.get(entry.action);
    const isOver = !known || nowMs - known.beganMs >= WINDOW_MS;
    const window = isOver ? { beganMs: nowMs, count: 0, leftOut: known?.leftOut ?? 0 } : known;
    this.windows.set(entry.action, window);
    if (window.count >= MAX_IN_WINDOW) {
      window.leftOut += 1;
      return;
    }
    window.count += 1;
    const { leftOut } = window;
    window.leftOut = 0;
    const detail = leftOut > 0 ? { ...entry.detail, leftOutBefore: leftOut } : entry.detail;
    await this.unitOfWork.run((manager) =>
      this.audit.append(manager, { ...entry, outcome: 'refused', ...(detail ? { detail } : {}) }),
    );
  }
}
