import { Injectable } from '@nestjs/common';
import type { RemoteCopies } from '../replication/replication-ports.js';

/** How many copies go through the tunnel of each VMA now. */
@Injectable()
export class CopiesUnderWay {
  private readonly counts = new Map<string, number>();

  of(vmaId: string): number {
    return this.counts.get(vmaId) ?? 0;
  }

  /** The same copies, counted while they run. */
  counting(vmaId: string, copies: RemoteCopies): RemoteCopies {
    return {
      run: async (order, options) => {
        this.counts.set(vmaId, this.of(vmaId) + 1);
        try {
          return await copies.run(order, options);
        } finally {
          this.counts.set(vmaId, this.of(vmaId) - 1);
        }
      },
      journal: (copyId, options) => copies.journal(copyId, options),
      forgetAll: (prefix, options) => copies.forgetAll(prefix, options),
    };
  }
}
