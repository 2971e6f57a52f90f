/** How access behaves; from the configuration. */
export interface AccessSettings {
  /** A session ends after so many hours, whatever is done in it. */
  readonly sessionHours: number;
  /** A browser's session ends after so many minutes without a request. */
  readonly idleMinutes: number;
  /** For so many minutes the password need not be given again. */
  readonly recentMinutes: number;
  /** Whether the cookie may only travel over TLS. */
  readonly overTls: boolean;
}
export const ACCESS_SETTINGS = Symbol('AccessSettings');
