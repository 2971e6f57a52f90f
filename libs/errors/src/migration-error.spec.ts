import { expect, it } from 'vitest';
import {
  ERRORS,
  MigrationError,
  asMigrationError,
  fromProblem,
  isMigrationError,
  toProblem,
  type ErrorCode,
} from './index.js';

it.each(Object.keys(ERRORS) as ErrorCode[])('%s has a remedy, a status and survives a round trip', (code) => {
  const problem = toProblem(new MigrationError(code, 'why', { context: { disk: 'vda' } }), 'cid-1');
  expect(problem.remedy).toMatch(/^[A-Z].*\.$/);
  expect(problem.status).toBeGreaterThanOrEqual(400);
  const back = fromProblem(JSON.parse(JSON.stringify(problem)) as typeof problem);
  expect(back).toMatchObject({ code, message: 'why', context: { disk: 'vda' } });
});

it('recognises an error of another copy of the package by its shape', () => {
  const alien = Object.assign(new Error('x'), { name: 'MigrationError', code: 'storage.full' });
  expect(isMigrationError(alien)).toBe(true);
  expect(isMigrationError(Object.assign(new Error('x'), { name: 'MigrationError', code: 'no.such' }))).toBe(
    false,
  );
});

it('an AbortError becomes call.aborted and anything else keeps its message', () => {
  expect(asMigrationError(new DOMException('stop', 'AbortError')).code).toBe('call.aborted');
  expect(asMigrationError(new Error('boom'), 'storage.io-failed')).toMatchObject({
    code: 'storage.io-failed',
    message: 'boom',
  });
});
