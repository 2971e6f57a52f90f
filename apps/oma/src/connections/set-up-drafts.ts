import { Injectable } from '@nestjs/common';
import type { TargetSetUp, SetUpDiscovery, SetUpValidation } from '@ossea/api-contract';
import { MigrationError } from '@ossea/errors';
import { DataSource, LessThan } from 'typeorm';
import { AuditTrail } from '../audit/audit-trail.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { ConnectionSettings, type Configured, type StoredSettings } from './connection-settings.js';
import { SetUpDraft } from './set-up.entity.js';

/** How long a set-up that nobody goes on with is kept: it holds somebody's credentials. */
const KEPT_MS = 7 * 24 * 3_600_000;

/** Set-ups that are under way, as they are stored. */
@Injectable()
export class SetUpDrafts {
  constructor(
    private readonly database: DataSource,
    private readonly unitOfWork: UnitOfWork,
    private readonly settings: ConnectionSettings,
    private readonly audit: AuditTrail,
  ) {}

  /** Throws `request.not-found`, also for a set-up of another plugin. */
  async get(pluginId: string, id: string): Promise<SetUpDraft> {
    const draft = await this.repository.findOneBy({ id, pluginId });
    if (draft) return draft;
    throw new MigrationError('request.not-found', 'There is no such set-up, or it was saved already.', {
      context: { setUp: id.slice(0, 40) },
    });
  }

  /** Stores what was entered and found. Whatever was validated before is void: it was another account's. */
  async put(
    id: string,
    pluginId: string,
    sealed: StoredSettings,
    discovery: SetUpDiscovery,
  ): Promise<SetUpDraft> {
    return this.unitOfWork.run(async (manager) => {
      const drafts = manager.getRepository(SetUpDraft);
      await drafts.delete({ updatedAt: LessThan(new Date(Date.now() - KEPT_MS)) });
      const known = await drafts.findOneBy({ id });
      const draft = known ?? drafts.create({ id, pluginId });
      const saved = await drafts.save(Object.assign(draft, sealed, { discovery, validation: null }));
      await this.audit.append(manager, {
        action: 'set-up.discover',
        subject: { type: 'set-up', id },
        detail: { pluginId },
      });
      return saved;
    });
  }

  /**
   * Keeps what a validation of `draft` has found. Throws `request.conflict` when other credentials were entered
   * meanwhile: what was tried with the old ones says nothing of them.
   */
  async note(draft: SetUpDraft, validation: SetUpValidation): Promise<void> {
    const { id, pluginId } = draft;
    // what was entered, not how it is sealed: a rotation of the key may come in between
    const entered = (one: SetUpDraft) => JSON.stringify(this.opened(one).settings);
    if (entered(await this.get(pluginId, id)) !== entered(draft))
      throw new MigrationError('request.conflict', 'The credentials were changed while they were tried.', {
        context: { setUp: id },
      });
    await this.repository.update({ id }, { validation: validation as object, updatedAt: new Date() });
  }

  /** The set-up has become a connection. */
  async saved({ id, pluginId }: SetUpDraft, connectionId: string): Promise<void> {
    await this.unitOfWork.run(async (manager) => {
      await manager.getRepository(SetUpDraft).delete({ id });
      await this.audit.append(manager, {
        action: 'set-up.save',
        subject: { type: 'set-up', id },
        detail: { pluginId, connectionId },
      });
    });
  }

  /** The credentials with their secrets: for the plugin, never for an answer. */
  opened(draft: SetUpDraft): ReturnType<ConnectionSettings['opened']> {
    return this.settings.opened(configured(draft));
  }

  view(draft: SetUpDraft): TargetSetUp {
    return {
      id: draft.id,
      pluginId: draft.pluginId,
      credentials: this.settings.masked(configured(draft)),
      discovery: draft.discovery,
      ...(draft.validation ? { validation: draft.validation } : {}),
      createdAt: draft.createdAt.toISOString(),
      updatedAt: draft.updatedAt.toISOString(),
    };
  }

  private get repository() {
    return this.database.getRepository(SetUpDraft);
  }
}

function configured({ id, pluginId, settings, secrets }: SetUpDraft): Configured {
  return { id, kind: 'target', pluginId, settings, secrets };
}
