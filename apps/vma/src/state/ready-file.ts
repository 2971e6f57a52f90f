import type { StateFiles } from './state-files.js';

/** What stands in `ready.json` while the service runs. */
export interface Ready {
  readonly pid: number;
  readonly apiPort: number;
  readonly agentSocketPath: string;
  /** There once the VMA is approved. */
  readonly nbdSocketPath: string;
  /** The same on the loopback, where one was asked for. */
  readonly nbdPort?: number;
  readonly state: string;
}

/** Keeps `ready.json` true, one write after the other, until the service stops. */
export class ReadyFile {
  private latest: Ready | undefined;
  private writing: Promise<void> = Promise.resolve();
  private withdrawn = false;

  constructor(private readonly files: StateFiles) {}

  /** The whole document at first, what has changed later. */
  announce(ready: Ready): Promise<void> {
    this.latest = ready;
    return this.next(() => this.write());
  }

  update(news: Partial<Ready>): Promise<void> {
    if (!this.latest) return Promise.resolve();
    return this.announce({ ...this.latest, ...news });
  }

  withdraw(): Promise<void> {
    this.withdrawn = true;
    return this.next(() => this.files.withdraw());
  }

  private async write(): Promise<void> {
    if (!this.withdrawn && this.latest) await this.files.announce(this.latest);
  }

  private next(step: () => Promise<void>): Promise<void> {
    const done = this.writing.then(step);
    this.writing = done.catch(() => undefined);
    return done;
  }
}
