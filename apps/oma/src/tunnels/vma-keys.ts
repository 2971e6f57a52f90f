import { Inject, Injectable } from '@nestjs/common';
import { MigrationError } from '@ossea/errors';
import { fingerprint } from '@ossea/tunnel';
import { DataSource, In, LessThanOrEqual, MoreThan, type EntityManager } from 'typeorm';
import { AuditTrail } from '../audit/audit-trail.js';
import { newId } from '../database/new-id.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { TUNNELS_SETTINGS, type TunnelsSettings } from './tunnels-ports.js';
import { VmaKey } from './vma-key.entity.js';
import { Vma } from './vma.entity.js';

const DAY_MS = 86_400_000;
/** How long the old key is let in after the new one was seen. */
export const OVERLAP_MS = 10 * 60_000;
const GOOD = In(['current', 'next']);

/** Which keys of which VMA are good, and since when. `Vma.publicKey` is the one that its last proven session had. */
@Injectable()
export class VmaKeys {
  constructor(
    private readonly database: DataSource,
    private readonly unitOfWork: UnitOfWork,
    private readonly audit: AuditTrail,
    @Inject(TUNNELS_SETTINGS) private readonly settings: Pick<TunnelsSettings, 'keyDays'>,
  ) {}

  /** The keys that are let in now, of every VMA. */
  good(): Promise<VmaKey[]> {
    return this.database.getRepository(VmaKey).findBy({ state: GOOD, expiresAt: MoreThan(new Date()) });
  }

  /** The keys of a VMA that are good, the newest first. */
  goodOf(vmaId: string): Promise<VmaKey[]> {
    return this.database.getRepository(VmaKey).find({
      where: { vmaId, state: GOOD, expiresAt: MoreThan(new Date()) },
      order: { notBefore: 'DESC', id: 'DESC' },
    });
  }

  async find(publicKey: string): Promise<VmaKey | undefined> {
    return (await this.database.getRepository(VmaKey).findOneBy({ publicKey })) ?? undefined;
  }

  /** The key with which a VMA asks to be trusted; its time begins anew when it asks and when it is approved. */
  async begin(manager: EntityManager, vma: Pick<Vma, 'id' | 'publicKey' | 'fingerprint'>): Promise<void> {
    const keys = manager.getRepository(VmaKey);
    const time = this.time();
    const known = await keys.update({ publicKey: vma.publicKey, vmaId: vma.id, state: GOOD }, time);
    if (known.affected === 0)
      await keys.insert({
        id: newId('vkey'),
        vmaId: vma.id,
        publicKey: vma.publicKey,
        fingerprint: vma.fingerprint,
        state: 'current',
        ...time,
      });
  }

  /** Takes all keys of a VMA out for good. */
  async revoke(manager: EntityManager, vmaId: string): Promise<void> {
    await manager.getRepository(VmaKey).update({ vmaId, state: GOOD }, { state: 'revoked' });
  }

  /** Lets another key of an approved VMA in, beside those it has. Offering the same twice is offering once. */
  addNext(vmaId: string, publicKey: string): Promise<void> {
    return this.unitOfWork.run(async (manager) => {
      const keys = manager.getRepository(VmaKey);
      const vma = await manager.getRepository(Vma).findOneBy({ id: vmaId, state: 'approved' });
      if (!vma) throw new MigrationError('request.conflict', 'This VMA is not approved any more.');
      const known = await keys.findOneBy({ publicKey });
      if (known?.vmaId === vmaId && known.state === 'next') return;
      if (known) throw new MigrationError('peer.protocol', 'The VMA offered a key that was used before.');
      // what was offered before and never used is given up: there is one next key
      await keys.update({ vmaId, state: 'next' }, { state: 'retired' });
      const shown = fingerprint(publicKey);
      await keys.insert({
        id: newId('vkey'),
        vmaId,
        publicKey,
        fingerprint: shown,
        state: 'next',
        ...this.time(),
      });
      await this.audit.append(manager, {
        action: 'vma.rotate-key',
        subject: { type: 'vma', id: vmaId },
        detail: { name: vma.name, from: vma.fingerprint, to: shown },
      });
    });
  }

  /**
   * Takes note that a session has proven to hold a key. A next one becomes the current one, and the others end soon.
   * @returns whether anything has changed.
   */
  seen(vmaId: string, publicKey: string): Promise<boolean> {
    return this.unitOfWork.run(async (manager) => {
      const keys = manager.getRepository(VmaKey);
      const taken = await keys.update({ vmaId, publicKey, state: 'next' }, { state: 'current' });
      if (taken.affected !== 1) return false;
      const end = new Date(Date.now() + OVERLAP_MS);
      const others = (await keys.findBy({ vmaId, state: 'current' })).filter(
        (key) => key.publicKey !== publicKey && key.expiresAt > end,
      );
      if (others.length > 0) await keys.update({ id: In(others.map(({ id }) => id)) }, { expiresAt: end });
      const shown = fingerprint(publicKey);
      await manager
        .getRepository(Vma)
        .update({ id: vmaId }, { publicKey, fingerprint: shown, updatedAt: new Date() });
      await this.audit.append(manager, {
        action: 'vma.key-in-use',
        subject: { type: 'vma', id: vmaId },
        detail: { fingerprint: shown },
      });
      return true;
    });
  }

  /** Keys whose time is over and in whose place another one is. */
  async retire(): Promise<void> {
    const keys = this.database.getRepository(VmaKey);
    for (const { id, vmaId, notBefore } of await keys.findBy({
      state: 'current',
      expiresAt: LessThanOrEqual(new Date()),
    }))
      if (await keys.existsBy({ vmaId, state: 'current', notBefore: MoreThan(notBefore) }))
        await keys.update({ id, state: 'current' }, { state: 'retired' });
  }

  private time(): Pick<VmaKey, 'notBefore' | 'expiresAt'> {
    const now = Date.now();
    return { notBefore: new Date(now), expiresAt: new Date(now + this.settings.keyDays * DAY_MS) };
  }
}
