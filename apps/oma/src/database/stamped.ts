import { BeforeInsert, BeforeUpdate, Column } from 'typeorm';

/**
 * When a row was made and last changed; set by us, because the engines' own defaults differ.
 * `insert` and `update` skip these hooks on plain objects: set the fields there.
 */
export abstract class Stamped {
  @Column({ type: 'datetime', precision: 3, update: false }) createdAt!: Date;
  @Column({ type: 'datetime', precision: 3 }) updatedAt!: Date;

  @BeforeInsert() protected stampNew(): void {
    const now = new Date();
    this.createdAt ??= now;
    this.updatedAt ??= now;
  }

  @BeforeUpdate() protected stamp(): void {
    this.updatedAt = new Date();
  }
}
