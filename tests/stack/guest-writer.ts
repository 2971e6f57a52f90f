import { randomBytes, randomInt } from 'node:crypto';
import type { VmwareSample } from './vmware-sample.js';

const MIB = 1 << 20;

/** A guest that goes on writing to all of its disks: small and large pieces, here and there. */
export class GuestWriter {
  private running: Promise<void> | undefined;
  private goingOn = false;
  private count = 0;
  private readonly waiting = new Set<() => void>();

  constructor(
    private readonly sample: VmwareSample,
    private readonly sizeBytes: number,
  ) {}

  /** Random bytes from the start of a disk on. */
  async fill(disk: string, bytes: number): Promise<void> {
    for (let offset = 0; offset < bytes; offset += 4 * MIB)
      await this.sample.guestWrite(disk, offset, randomBytes(4 * MIB));
  }

  start(): void {
    this.goingOn = true;
    this.running = this.run().finally(() => {
      this.goingOn = false;
      this.tell();
    });
    // whoever waits for it hears of it
    this.running.catch(() => undefined);
  }

  /** Comes back when so many pieces more were written on each disk. */
  async written(pieces: number): Promise<void> {
    const wanted = this.count + pieces;
    while (this.count < wanted) {
      if (!this.goingOn) throw new Error('the guest writes no more');
      await new Promise<void>((resolve) => this.waiting.add(resolve));
    }
  }

  async stop(): Promise<void> {
    this.goingOn = false;
    await this.running;
  }

  private async run(): Promise<void> {
    while (this.goingOn) {
      for (const disk of this.sample.disks) {
        const length = 512 * randomInt(1, 512);
        const offset = 512 * randomInt(0, (this.sizeBytes - length) / 512);
        const bytes = randomInt(4) === 0 ? Buffer.alloc(length) : randomBytes(length);
        await this.sample.guestWrite(disk, offset, bytes);
      }
      this.count += 1;
      this.tell();
      // a guest does other things too
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }

  private tell(): void {
    for (const resolve of this.waiting) resolve();
    this.waiting.clear();
  }
}
