import { MigrationError, asMigrationError, isMigrationError } from './migration-error.js';
import { redact, redactDeep } from './redact.js';

/** A shorter secret would take half of every text with it, and hides nothing. */
const MIN_CHARS = 4;
const MAX_DEPTH = 6;
const MASK = '[redacted]';

/** Keeps the secrets of one connection out of whatever a plugin says: it may quote what it was given. */
export class SecretScrubber {
  private readonly secrets: readonly string[];

  constructor(secrets: readonly string[]) {
    // the longest first: one secret may be part of another
    this.secrets = secrets
      .filter(({ length }) => length >= MIN_CHARS)
      .flatMap((secret) => [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')])
      .sort((a, b) => b.length - a.length);
  }

  text(text: string): string {
    return redact(this.secrets.reduce((clean, secret) => clean.replaceAll(secret, MASK), text));
  }

  /** The context of a log line as plain values. */
  context(context: object): Record<string, unknown> {
    return redactDeep(this.plain(context, 0)) as Record<string, unknown>;
  }

  /**
   * The error as it may be told. One that quotes a secret goes on without what caused it: loggers print causes and
   * stacks too.
   */
  error(thrown: unknown): MigrationError {
    const error = asMigrationError(thrown, 'plugin.broken-contract');
    const quotes = this.quotes(error) || (error !== thrown && this.quotes(thrown));
    if (!quotes) return error;
    const context = Object.fromEntries(
      Object.entries(error.context).map(([name, value]) => [
        name,
        typeof value === 'string' ? this.text(value) : value,
      ]),
    );
    return new MigrationError(error.code, this.text(error.message), { context });
  }

  private quotes(value: unknown, depth = 0): boolean {
    if (depth > MAX_DEPTH) return true;
    if (typeof value === 'string') return this.secrets.some((secret) => value.includes(secret));
    if (value instanceof Error)
      return (
        [value.message, value.stack, value.cause].some((part) => this.quotes(part, depth + 1)) ||
        Object.values(value).some((part) => this.quotes(part, depth + 1))
      );
    if (typeof value !== 'object' || value === null) return false;
    return Object.values(value).some((part) => this.quotes(part, depth + 1));
  }

  private plain(value: unknown, depth: number): unknown {
    if (typeof value === 'string') return this.text(value);
    if (value instanceof Error) {
      const code = isMigrationError(value) ? { code: value.code } : {};
      return { ...code, message: this.text(value.message), stack: this.text(value.stack ?? '') };
    }
    if (typeof value === 'bigint' || typeof value === 'function' || typeof value === 'symbol')
      return this.text(String(value));
    if (typeof value !== 'object' || value === null) return value;
    if (depth >= MAX_DEPTH) return '…';
    if (Array.isArray(value)) return value.map((inner) => this.plain(inner, depth + 1));
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) => [this.text(name), this.plain(inner, depth + 1)]),
    );
  }
}
