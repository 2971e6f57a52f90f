import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Job, SecretKeys } from '@ossea/api-contract';
import { z } from 'zod';
import type { Caller } from '../http/caller.js';
import type { JobHandle } from '../jobs/job-handle.js';
import { JobLeases } from '../jobs/job-leases.js';
import { JobsService } from '../jobs/jobs.service.js';
import { KeyFiles } from './key-files.js';
import { KeyRotation, type Rotated } from './key-rotation.js';
import { RotationNotes } from './rotation-notes.js';
import { Rewrapping } from './rewrapping.js';

const ROTATE = 'rotate-secrets';
const REWRAP = 'rewrap-secrets';
/** One of both at a time. */
const LANE = 'secrets';

const rotateInput = z.object({ fromKey: z.string() });

/** The keys that seal secrets, and the jobs that change them. */
@Injectable()
export class SecretsService implements OnModuleInit {
  constructor(
    private readonly keys: KeyFiles,
    private readonly rotation: KeyRotation,
    private readonly rewrapping: Rewrapping,
    private readonly jobs: JobsService,
    private readonly leases: JobLeases,
    private readonly noted: RotationNotes,
  ) {}

  onModuleInit(): void {
    this.leases.registerResumer(ROTATE, (job) => this.runRotation(rotateInput.parse(job.input).fromKey, job));
    this.leases.registerResumer(REWRAP, (job) => this.runRewrapping(job));
  }

  /** The keys by their ids, and how many secrets each seals. */
  async view(): Promise<SecretKeys> {
    const { current, olderIds } = this.keys.ring;
    const uses = await this.rewrapping.uses();
    const ids = new Set([current.id, ...olderIds, ...uses.keys()]);
    return {
      source: this.keys.source.kind,
      items: [...ids].map((id) => ({
        id,
        current: id === current.id,
        present: id === current.id || olderIds.includes(id),
        secrets: uses.get(id) ?? 0,
      })),
    };
  }

  /** Throws `secrets.keys-not-ours` where only the operator can put another key, `request.conflict` while one runs. */
  async rotate(caller: Caller): Promise<Job> {
    await this.keys.mustBeOurs();
    const fromKey = this.keys.ring.current.id;
    return this.jobs.start(ROTATE, {
      ...common(caller),
      input: { fromKey },
      run: (job) => this.runRotation(fromKey, job),
    });
  }

  rewrap(caller: Caller): Promise<Job> {
    return this.jobs.start(REWRAP, { ...common(caller), run: (job) => this.runRewrapping(job) });
  }

  private async runRotation(fromKey: string, job: JobHandle): Promise<Rotated> {
    const rotated = await this.rotation.rotate(fromKey, job);
    await this.noted.write('secrets.rotate', job.id, { fromKey, ...rotated });
    return rotated;
  }

  private async runRewrapping(job: JobHandle): Promise<Rotated> {
    const rotated = await this.rotation.rewrap(job);
    await this.noted.write('secrets.rewrap', job.id, { ...rotated });
    return rotated;
  }
}

function common({ name, correlationId }: Caller) {
  return { category: 'system', lane: LANE, correlationId, requestedBy: name } as const;
}
