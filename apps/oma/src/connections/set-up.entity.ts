import type { SetUpDiscovery, SetUpValidation } from '@ossea/api-contract';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { Stamped } from '../database/stamped.js';

/** A guided set-up that is under way: one can leave it and come back, and nobody enters a credential twice. */
@Entity({ name: 'set_up' })
export class SetUpDraft extends Stamped {
  @PrimaryColumn({ type: 'varchar', length: 40 }) id!: string;
  @Column({ type: 'varchar', length: 64 }) pluginId!: string;
  /** The credentials but for the secrets. */
  @Column({ type: 'json' }) settings!: Record<string, unknown>;
  /** Sealed secrets by their dotted path. */
  @Column({ type: 'json' }) secrets!: Record<string, string>;
  @Column({ type: 'json' }) discovery!: SetUpDiscovery;
  @Column({ type: 'json', nullable: true }) validation!: SetUpValidation | null;
}
