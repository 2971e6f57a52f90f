import { ERRORS, toProblem, MigrationError, type ErrorCode } from '@ossea/errors';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CliHarness } from './cli-harness.js';

const CONTEXT = 'ctx_01J00000000000000000000000';
const JOB_ID = 'job_01J00000000000000000000000';
const NOW = '2026-01-02T03:04:05.678Z';

const context = (name: string, id = CONTEXT) => ({
  id,
  name,
  state: 'in-sync',
  sourceConnectionId: 'con_01J00000000000000000000000',
  sourceVmId: 'vm-1',
  disks: [{ key: 'vda', backing: 'b', label: 'vda', sizeBytes: 3 * 2 ** 30, boot: true }],
  generation: 1,
  autoAdded: false,
  version: 1,
  createdAt: NOW,
  updatedAt: NOW,
  newerField: 'kept in JSON',
});

const job = (state: string, more: object = {}) => ({
  id: JOB_ID,
  kind: 'replicate',
  category: 'replication',
  contextId: CONTEXT,
  state,
  cancelRequested: false,
  percent: state === 'succeeded' ? 100 : 10,
  correlationId: 'c',
  requestedBy: 'administrator',
  createdAt: NOW,
  startedAt: NOW,
  ...(state === 'running' ? {} : { endedAt: NOW }),
  links: { self: `/api/v1/jobs/${JOB_ID}`, log: `/api/v1/jobs/${JOB_ID}/log` },
  ...more,
});

const problem = (code: ErrorCode, cause = 'because') => {
  const body = toProblem(new MigrationError(code, cause), 'corr-1');
  return { status: body.status, body };
};

let cli: CliHarness;
beforeEach(async () => (cli = await CliHarness.start()));
afterEach(() => cli[Symbol.asyncDispose]());

describe('data', () => {
  it('is a table for people, and what the API answered as JSON', async () => {
    cli.oma.on('GET /api/v1/vm-contexts', { body: { items: [context('web')], page: {} } });
    const asTable = await cli.run(['vm', 'list']);
    expect(asTable.code).toBe(0);
    expect(asTable.out).toMatch(/^ID +NAME +STATE +DISKS/);
    expect(asTable.out).toMatch(new RegExp(`${CONTEXT} +web +in-sync +3.0 GiB`));
    expect(asTable.err).toBe('');

    const asJson = await cli.run(['vm', 'list', '-o', 'json']);
    expect(JSON.parse(asJson.out)).toEqual({ items: [context('web')], page: {} });
    const asLines = await cli.run(['vm', 'list', '-o', 'jsonl']);
    expect(asLines.out).toBe(`${JSON.stringify(context('web'))}\n`);
  });

  it('comes from all pages', async () => {
    cli.oma.on('GET /api/v1/vm-contexts', ({ query }) =>
      query['cursor'] === undefined
        ? { body: { items: [context('a')], page: { next: 'n1' } } }
        : { body: { items: [context('b')], page: {} } },
    );
    const { out } = await cli.run(['vm', 'list', '-o', 'jsonl', '--state', 'in-sync']);
    expect(
      out
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { name: string }).name),
    ).toEqual(['a', 'b']);
    expect(cli.oma.asked.map(({ query }) => query)).toEqual([
      { limit: '500', state: 'in-sync' },
      { limit: '500', state: 'in-sync', cursor: 'n1' },
    ]);
  });

  it('cannot steer the terminal', async () => {
    cli.oma.on('GET /api/v1/vm-contexts', { body: { items: [context('\u001b[2Jweb\r\nx')], page: {} } });
    const { out } = await cli.run(['vm', 'list']);
    expect(out).toContain('\u{fffd}[2Jweb\u{fffd}\u{fffd}x');
    expect(out).not.toContain('\u001b');
  });
});

describe('names', () => {
  it('stand for ids', async () => {
    cli.oma.on('GET /api/v1/vm-contexts', {
      body: { items: [context('web-2', CONTEXT.replace('J', 'K')), context('web')], page: {} },
    });
    cli.oma.on('POST /api/v1/replications', { status: 202, body: job('running') });
    const { code, err } = await cli.run(['replicate', 'web']);
    expect(code).toBe(0);
    expect(cli.oma.asked.at(-1)?.body).toEqual({ contextId: CONTEXT });
    expect(err).toContain(`ossea job watch ${JOB_ID}`);
  });

  it('that nothing has end with 3, and that two have with 4', async () => {
    cli.oma.on('GET /api/v1/vm-contexts', { body: { items: [], page: {} } });
    expect(await cli.run(['vm', 'get', 'web'])).toMatchObject({ code: 3, out: '' });
    const two = [context('web'), context('web', CONTEXT.replace('J', 'K'))];
    cli.oma.on('GET /api/v1/vm-contexts', { body: { items: two, page: {} } });
    const { code, err } = await cli.run(['vm', 'get', 'web']);
    expect(code).toBe(4);
    expect(err).toContain(CONTEXT);
  });
});

describe('problems', () => {
  it.each<[ErrorCode, number]>([
    ['request.not-found', 3],
    ['request.conflict', 4],
    ['config.invalid', 4],
    ['access.unauthenticated', 5],
    ['access.forbidden', 5],
    ['failover.blocked', 6],
    ['request.invalid', 2],
    ['internal.unexpected', 1],
  ])('%s ends with %i, and says cause, code and remedy', async (errorCode, exit) => {
    cli.oma.on('POST /api/v1/failover/test', problem(errorCode));
    const { code, out, err } = await cli.run(['failover', 'test', CONTEXT]);
    expect(code).toBe(exit);
    expect(out).toBe('');
    for (const part of ['because', errorCode, ERRORS[errorCode].remedy, 'corr-1'])
      expect(err).toContain(part);
  });

  it('are problem documents for those who asked for JSON', async () => {
    cli.oma.on('GET /api/v1/plugins', problem('peer.unreachable'));
    const { code, err } = await cli.run(['plugin', 'list', '--output=json']);
    expect(code).toBe(1);
    expect(JSON.parse(err)).toMatchObject({ code: 'peer.unreachable', cause: 'because' });
  });

  it('say when nobody answers, and when it is not an appliance', async () => {
    expect((await cli.run(['--server', 'http://127.0.0.1:9', 'plugin', 'list'])).err).toContain(
      'ECONNREFUSED',
    );
    expect((await cli.run(['plugin', 'list'])).err).toContain('HTTP 404');
    cli.oma.on('GET /api/v1/plugins', { body: { items: 'none' } });
    expect(await cli.run(['plugin', 'list'])).toMatchObject({ code: 1, out: '' });
  });
});

describe('jobs', () => {
  it('are waited for; their steps are told on standard error', async () => {
    const step = (state: string) => ({
      seq: 1,
      name: 'copy-disks',
      label: 'Copy disks',
      state,
      percent: 0,
      startedAt: NOW,
    });
    const answers = [
      job('running', { steps: [step('running')] }),
      job('succeeded', { steps: [step('succeeded')] }),
    ];
    cli.oma.on('POST /api/v1/replications', { status: 202, body: job('queued') });
    cli.oma.on(`GET /api/v1/jobs/${JOB_ID}`, () => ({ body: answers.shift() }));
    const { code, out, err } = await cli.run(['replicate', CONTEXT, '--wait', '10m', '-o', 'json']);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ id: JOB_ID, state: 'succeeded' });
    expect(err).toBe('Copy disks …\nCopy disks: succeeded\n');
  });

  it('that fail end with 7, those that are blocked with 6', async () => {
    cli.oma.on('POST /api/v1/failover/live', { status: 202, body: job('queued') });
    const failed = (code: ErrorCode) => ({ body: job('failed', { problem: problem(code).body }) });
    cli.oma.on(`GET /api/v1/jobs/${JOB_ID}`, failed('storage.full'));
    const args = ['failover', 'live', CONTEXT, '--wait', '--yes'];
    expect(await cli.run(args)).toMatchObject({
      code: 7,
      err: expect.stringContaining(ERRORS['storage.full'].remedy) as string,
    });
    cli.oma.on(`GET /api/v1/jobs/${JOB_ID}`, failed('failover.blocked'));
    expect(await cli.run(args)).toMatchObject({ code: 6 });
  });

  it('go on when waiting takes too long', async () => {
    cli.oma.on('POST /api/v1/replications', { status: 202, body: job('queued') });
    cli.oma.on(`GET /api/v1/jobs/${JOB_ID}`, { body: job('running') });
    const { code, err } = await cli.run(['replicate', CONTEXT, '--wait', '1ms']);
    expect(code).toBe(8);
    expect(err).toContain(JOB_ID);
  });

  it('go on when people press Ctrl-C', async () => {
    cli.oma.on(`GET /api/v1/jobs/${JOB_ID}`, () => {
      queueMicrotask(() => cli.interrupted.abort());
      return { body: job('running') };
    });
    const { code, err } = await cli.run(['job', 'watch', JOB_ID]);
    expect(code).toBe(130);
    expect(err).toContain(`ossea job cancel ${JOB_ID}`);
  });
});

describe('pre-flight', () => {
  it('that is blocked ends with 6 and still prints its findings', async () => {
    const finding = {
      code: 'network.unmapped',
      severity: 'blocker',
      message: 'No network',
      remedy: 'Map it',
    };
    const body = { contextId: CONTEXT, kind: 'live', possible: false, findings: [finding] };
    cli.oma.on('GET /api/v1/failover/preflight', { body });
    const { code, out } = await cli.run(['failover', 'preflight', CONTEXT]);
    expect(code).toBe(6);
    expect(out).toMatch(/blocker +network.unmapped +No network +Map it/);
  });
});

describe('usage', () => {
  it.each([
    [['nonsense']],
    [['vm', 'get']],
    [['vm', 'list', '-o', 'xml']],
    [['replicate', CONTEXT, '--wait', 'soon']],
    [['network', 'list']],
    [['api', 'GET', 'http://elsewhere.invalid/']],
    [['vm', 'add', CONTEXT, 'vm-1', '--target', CONTEXT, '--placement', '[1]']],
  ])('%j ends with 2', async (args) => {
    expect(await cli.run(args)).toMatchObject({ code: 2, out: '' });
    expect(cli.oma.asked).toEqual([]);
  });

  it('needs an appliance', async () => {
    expect(await cli.runBare(['vm', 'list'])).toMatchObject({ code: 2 });
  });

  it('helps', async () => {
    const { code, out } = await cli.run(['failover', '--help']);
    expect(code).toBe(0);
    expect(out).toContain('rollback');
  });
});
