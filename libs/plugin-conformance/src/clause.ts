import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { isMigrationError, type ErrorCode } from '@ossea/errors';
import type { IdempotencyKey } from '@ossea/plugin-sdk';

/** Thrown by a clause that says nothing about this subject; a test runner shows it as skipped. */
export class NotApplicable extends Error {
  override readonly name = 'NotApplicable';
}

/** A signal that never fires. */
export function calm(): AbortSignal {
  return new AbortController().signal;
}

/** A key nobody used before, within `[a-z0-9-]{1,64}`. */
export function freshKey(): IdempotencyKey {
  return `conformance-${randomBytes(8).toString('hex')}`;
}

/** Bytes that no earlier clause wrote. */
export function freshBytes(length: number): Buffer {
  return randomBytes(length);
}

/** Fails unless the action rejects with just this code. */
export async function rejectsWith(
  code: ErrorCode,
  what: string,
  action: () => Promise<unknown>,
): Promise<void> {
  const error = await action().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error !== undefined, `${what} succeeded instead of failing with ${code}`);
  assert.ok(isMigrationError(error), `${what} threw ${describeError(error)} instead of a MigrationError`);
  assert.equal(error.code, code, `${what} threw ${error.code} instead of ${code}`);
}

/** Fails when the action throws anything but a `MigrationError`; success is fine. */
export async function throwsOnlyOurs(what: string, action: () => Promise<unknown>): Promise<void> {
  try {
    await action();
  } catch (error) {
    assert.ok(isMigrationError(error), `${what} threw ${describeError(error)} instead of a MigrationError`);
    assert.notEqual(error.code, 'internal.unexpected', `${what} threw an error nobody mapped`);
  }
}

function describeError(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : typeof error;
}

/** Fails unless the value survives JSON unchanged. */
export function assertJson(what: string, value: unknown): void {
  assert.deepEqual(JSON.parse(JSON.stringify(value ?? null)), value, `${what} is not plain JSON`);
}

/** All items of a stream. */
export async function collect<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of stream) items.push(item);
  return items;
}

/** Fails when bytes differ; says where, because a diff of 64 KiB helps nobody. */
export function assertBytes(what: string, actual: Uint8Array, expected: Uint8Array): void {
  assert.equal(
    actual.length,
    expected.length,
    `${what}: ${actual.length} bytes instead of ${expected.length}`,
  );
  if (Buffer.compare(actual, expected) === 0) return;
  const at = expected.findIndex((byte, i) => byte !== actual[i]);
  assert.fail(`${what}: first wrong byte at ${at}`);
}

type Undo = (action: () => Promise<unknown>) => void;

/**
 * Runs a body and then, in reverse order, everything it registered to be undone.
 * A failing clean-up fails the clause, unless the body failed already.
 */
export async function undoing<T>(body: (undo: Undo) => Promise<T>): Promise<T> {
  const actions: (() => Promise<unknown>)[] = [];
  let failed = false;
  try {
    return await body((action) => actions.push(action));
  } catch (error) {
    failed = true;
    throw error;
  } finally {
    const problems: unknown[] = [];
    for (const action of actions.reverse()) await action().catch((error: unknown) => problems.push(error));
    // a return value of a body that cannot be cleaned up is no success
    if (!failed && problems.length > 0) await Promise.reject(problems[0]);
  }
}

interface Connectable<Config, Session> {
  readonly plugin: {
    connect(settings: Config, context: never, options: { signal: AbortSignal }): Promise<Session>;
  };
  readonly settings: Config;
  readonly context: unknown;
}

/** Opens a session, uses it and disposes it, whatever happens. */
export async function withSession<Config, Session extends AsyncDisposable, T>(
  subject: Connectable<Config, Session>,
  use: (session: Session, undo: Undo) => Promise<T>,
): Promise<T> {
  const session = await subject.plugin.connect(subject.settings, subject.context as never, {
    signal: calm(),
  });
  try {
    return await undoing((undo) => use(session, undo));
  } finally {
    await session[Symbol.asyncDispose]();
  }
}
