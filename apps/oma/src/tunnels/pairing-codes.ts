import { createHmac, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { PAIRING_ALPHABET } from '@ossea/agent-protocol';
import { MigrationError } from '@ossea/errors';
import { Mutex } from 'async-mutex';
import { DataSource, IsNull, LessThan, MoreThan, type EntityManager } from 'typeorm';
import { AuditTrail } from '../audit/audit-trail.js';
import { newId } from '../database/new-id.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { EnrolmentLimits } from './enrolment-limits.js';
import { PairingCode } from './pairing-code.entity.js';

export const PAIRING_CODE_MS = 10 * 60_000;
export const PAIRING_TRIES = 5;
/** A row proves nothing that the job log does not; it goes a day after it expired. */
const KEEP_MS = 24 * 3_600_000;

export interface IssuedCode {
  readonly id: string;
  readonly code: string;
  readonly expiresAt: Date;
}

/** Single-use codes, ten minutes each. A wrong code counts against every open one, because it may have meant any. */
@Injectable()
export class PairingCodes {
  /** One guess at a time: a flood of them can neither outrun the count nor fill the memory. */
  private readonly desk = new Mutex();

  constructor(
    private readonly database: DataSource,
    private readonly unitOfWork: UnitOfWork,
    private readonly audit: AuditTrail,
    private readonly limits: EnrolmentLimits,
  ) {}

  async create(vmaName?: string): Promise<IssuedCode> {
    const code = randomCode();
    const salt = randomBytes(16).toString('hex');
    const now = Date.now();
    const row = this.database.getRepository(PairingCode).create({
      id: newId('pair'),
      vmaName: vmaName ?? null,
      salt,
      hash: digest(code, salt).toString('hex'),
      expiresAt: new Date(now + PAIRING_CODE_MS),
      tries: 0,
      usedAt: null,
      usedByVmaId: null,
      withdrawnAt: null,
      createdAt: new Date(now),
    });
    await this.unitOfWork.run(async (manager) => {
      const codes = manager.getRepository(PairingCode);
      await codes.delete({ expiresAt: LessThan(new Date(now - KEEP_MS)) });
      await codes.insert(row);
      await this.audit.append(manager, {
        action: 'vma.pairing-code',
        subject: { type: 'pairing-code', id: row.id },
        detail: { vmaName, expiresAt: row.expiresAt },
      });
    });
    return { id: row.id, code, expiresAt: row.expiresAt };
  }

  /**
   * The open row of this code; use it up with `use`. Throws `enrolment.rejected` for any other code and counts the try,
   * the same for one that is wrong, expired, used or void; `access.throttled` before the work that a guess costs us.
   * @param address who tries it.
   */
  async find(code: string, address: string): Promise<PairingCode> {
    this.limits.count(address);
    return this.desk.runExclusive(async () => {
      const codes = this.database.getRepository(PairingCode);
      const open = await codes.findBy({
        usedAt: IsNull(),
        withdrawnAt: IsNull(),
        expiresAt: MoreThan(new Date()),
        tries: LessThan(PAIRING_TRIES),
      });
      for (const row of open)
        if (timingSafeEqual(digest(code, row.salt), Buffer.from(row.hash, 'hex'))) return row;
      for (const { id } of open) await codes.increment({ id }, 'tries', 1);
      throw rejected();
    });
  }

  /** Those of the last day, newest first. */
  list(): Promise<PairingCode[]> {
    return this.database.getRepository(PairingCode).find({ order: { createdAt: 'DESC', id: 'DESC' } });
  }

  /**
   * Makes a code void; twice is once. Throws `request.not-found`, and `request.conflict` for one that a VMA has used.
   */
  withdraw(id: string): Promise<PairingCode> {
    return this.unitOfWork.run(async (manager) => {
      const codes = manager.getRepository(PairingCode);
      const row = await codes.findOneBy({ id });
      if (!row) throw new MigrationError('request.not-found', 'There is no such pairing code.');
      if (row.withdrawnAt) return row;
      const done = await codes.update({ id, usedAt: IsNull() }, { withdrawnAt: new Date() });
      if (done.affected !== 1)
        throw new MigrationError('request.conflict', 'A VMA has used this pairing code; reject the VMA.', {
          context: { vma: row.usedByVmaId ?? '' },
        });
      await this.audit.append(manager, {
        action: 'vma.pairing-code-withdraw',
        subject: { type: 'pairing-code', id },
      });
      return codes.findOneByOrFail({ id });
    });
  }

  /** Uses a code up with the transaction that needed it. Throws `enrolment.rejected` when somebody was faster. */
  async use(manager: EntityManager, { id }: PairingCode, vmaId: string): Promise<void> {
    const used = await manager
      .getRepository(PairingCode)
      .update({ id, usedAt: IsNull(), withdrawnAt: IsNull() }, { usedAt: new Date(), usedByVmaId: vmaId });
    if (used.affected !== 1) throw rejected();
  }
}

function rejected(): MigrationError {
  return new MigrationError('enrolment.rejected', 'This pairing code is not valid, or not any more.');
}

function randomCode(): string {
  const draw = () => PAIRING_ALPHABET[randomInt(PAIRING_ALPHABET.length)] ?? '';
  return Array.from({ length: 3 }, () => Array.from({ length: 4 }, draw).join('')).join('-');
}

/**
 * 59 random bits that live ten minutes are no password: one fast hash makes a stolen table useless for as long. A slow one
 * is what a flood of guesses at the open port would wish for, at the cost of the copies.
 */
function digest(code: string, salt: string): Buffer {
  return createHmac('sha256', Buffer.from(salt, 'hex')).update(code).digest();
}
