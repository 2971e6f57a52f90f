import { processesWith } from '../../stack/canary.js';
import type { Secret } from './secret.js';

const EVERY_MS = 100;

/** Looks ten times a second whether the arguments or the environment of any process hold a secret. */
export class ProcessWatch {
  readonly seen = new Set<string>();
  looks = 0;
  private readonly timer: NodeJS.Timeout;
  private looking: Promise<void> | undefined;

  /** @param aside processes of peers, which have their own secrets from elsewhere. */
  constructor(
    private readonly secrets: () => readonly Secret[],
    private readonly aside: ReadonlySet<number>,
  ) {
    this.timer = setInterval(() => {
      this.looking ??= this.look().finally(() => (this.looking = undefined));
    }, EVERY_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.looking;
  }

  private async look(): Promise<void> {
    const forms = this.secrets().flatMap((secret) => secret.forms);
    for (const one of await processesWith(forms, this.aside)) this.seen.add(one);
    this.looks += 1;
  }
}
