import { ApiError } from './protocol/api-error.js';
import type { CloudstackSettings } from './settings.js';
import type { Account } from './state/model.js';

interface Window {
  readonly endsAt: number;
  issued: number;
}

/** Counts the requests of each account in windows of time. Root admins are exempt. */
export class Throttle {
  private readonly windows = new Map<Account, Window>();

  constructor(private readonly settings: CloudstackSettings) {}

  /** Counts one request. Throws with the time that is left when there were too many. */
  count(account: Account): void {
    const { throttle } = this.settings;
    if (!throttle || account.isRootAdmin) return;
    const window = this.window(account, throttle.intervalMs);
    window.issued += 1;
    if (window.issued <= throttle.max) return;
    const leftMs = Math.max(1, Math.ceil(window.endsAt - Date.now()));
    throw new ApiError(
      'requestLimit',
      `The given user has reached his/her account api limit, please retry after [${leftMs}] ms.`,
    );
  }

  state(account: Account): { readonly issued: number; readonly leftMs: number } {
    const window = this.windows.get(account);
    if (!window || window.endsAt <= Date.now()) return { issued: 0, leftMs: 0 };
    return { issued: window.issued, leftMs: window.endsAt - Date.now() };
  }

  private window(account: Account, intervalMs: number): Window {
    const old = this.windows.get(account);
    if (old && old.endsAt > Date.now()) return old;
    const fresh = { endsAt: Date.now() + intervalMs, issued: 0 };
    this.windows.set(account, fresh);
    return fresh;
  }
}
