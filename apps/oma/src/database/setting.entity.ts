import { Column, Entity, PrimaryColumn } from 'typeorm';

/** One fact of this installation, such as its identity. */
@Entity({ name: 'setting' })
export class Setting {
  @PrimaryColumn({ type: 'varchar', length: 64 }) name!: string;
  @Column({ type: 'json' }) value!: Record<string, unknown>;
}
