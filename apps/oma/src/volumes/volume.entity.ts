import { Column, Entity, Index, PrimaryColumn, VersionColumn } from 'typeorm';
import { safeBigint } from '../database/safe-bigint.js';
import { Stamped } from '../database/stamped.js';

/** Where the volume is attached, as far as we know. `attached`: to this appliance. */
export type VolumeState = 'detached' | 'attached' | 'attached-elsewhere';

/**
 * The target volume of one source disk. Nothing cascades into it: removing a VM from management never removes a volume.
 */
@Entity({ name: 'volume' })
@Index('ux_volume_disk', ['contextId', 'diskKey'], { unique: true })
export class Volume extends Stamped {
  /** `vol_<ulid>`. */
  @PrimaryColumn({ type: 'varchar', length: 40 }) id!: string;
  @Column({ type: 'varchar', length: 40 }) contextId!: string;
  @Column({ type: 'varchar', length: 191 }) diskKey!: string;
  @Column({ type: 'varchar', length: 40 }) targetConnectionId!: string;
  /** The target's reference. Absent while the volume is being created: its key stands in `createKey`. */
  @Column({ type: 'text', nullable: true }) ref!: string | null;
  @Column({ type: 'varchar', length: 64 }) createKey!: string;
  /** `vol-<uuid>`: the same for as long as the volume exists, whichever VMA copies into it. */
  @Column({ type: 'varchar', length: 64 }) exportName!: string;
  /** Size of the source disk, in bytes. */
  @Column({ type: 'bigint', transformer: safeBigint }) sizeBytes!: number;
  /** Size of the volume, in bytes: at least that of the disk. Known once it was attached. */
  @Column({ type: 'bigint', nullable: true, transformer: safeBigint }) volumeSizeBytes!: number | null;
  /** Raised by whatever writes the volume outside replication: an incremental cycle needs the one it was counted from. */
  @Column({ type: 'int' }) generation!: number;
  @Column({ type: 'varchar', length: 24 }) state!: VolumeState;
  @Column({ type: 'text', nullable: true }) devicePath!: string | null;
  @Column({ type: 'varchar', length: 8, nullable: true }) deviceKind!: 'file' | 'block' | null;
  @Column({ type: 'varchar', length: 8, nullable: true }) format!: 'raw' | 'qcow2' | null;
  /** The serial by which the attached device was found: it must stay the same. */
  @Column({ type: 'varchar', length: 191, nullable: true }) serial!: string | null;
  /** Sequence of the recovery point that the volume by itself holds, unless a fold is running. */
  @Column({ type: 'int', nullable: true }) currentPoint!: number | null;
  /** While `folding`, the volume by itself is neither of two recovery points. */
  @Column({ type: 'varchar', length: 8 }) foldState!: 'idle' | 'folding';
  /** Epoch of the newest lease on the disk. */
  @Column({ type: 'int' }) leaseEpoch!: number;
  @VersionColumn() version!: number;
}
