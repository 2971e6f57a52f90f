import { expect, it, vi } from 'vitest';
import { nativeEngine } from '../../native/nbd/test/engine.js';

/*
 * One set of specs for both engines: those of the native one are run once more, on real NBD servers,
 * with the reference engine in its place.
 */
vi.mock('../../native/nbd/test/engine.js', async (original) => {
  const { ReferenceEngine } = await import('@ossea/copy-engine');
  return { ...(await original<object>()), nativeEngine: () => new ReferenceEngine() };
});

it('the reference engine stands in for the native one', () => {
  expect(nativeEngine().name).toBe('reference');
});

await import('../../native/nbd/test/resume.spec.js');
