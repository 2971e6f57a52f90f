import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { repositoryRoot } from '../../stack/repository-root.js';
import { Appliance, callAt } from './appliance.js';

const RULES = join(repositoryRoot, 'appliance-image/oma/prometheus/ossea.rules.yml');

/** As Prometheus reads it: whatever else stands there is a mistake. */
const Rules = z.strictObject({
  groups: z.array(
    z.strictObject({
      name: z.string().regex(/^ossea-/),
      rules: z
        .array(
          z.strictObject({
            alert: z.string().regex(/^Ossea[A-Za-z]+$/),
            expr: z.string().min(1),
            for: z
              .string()
              .regex(/^\d+[smhd]$/)
              .optional(),
            labels: z.strictObject({ severity: z.enum(['warning', 'critical']) }),
            annotations: z.strictObject({ summary: z.string().min(1), description: z.string().optional() }),
          }),
        )
        .min(1),
    }),
  ),
});

let oma: Appliance;
let text: string;
let exposed: Map<string, string>;
beforeAll(async () => {
  oma = await Appliance.start();
  await oma.call('jobs');
  await oma.call('no/such/route-that-a-caller-made-up');
  const answer = await oma.call('/metrics');
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  text = String(answer.body['text']);
  exposed = new Map(
    [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type = '']) => [name, type]),
  );
});
afterAll(() => oma[Symbol.asyncDispose]());

/** Series of a histogram have names of their own. */
const base = (name: string): string =>
  exposed.get(name.replace(/_(bucket|sum|count)$/, '')) === 'histogram'
    ? name.replace(/_(bucket|sum|count)$/, '')
    : name;

describe('/metrics', () => {
  it('needs a token, as every route does', async () => {
    const { status, body } = await callAt(oma.url, '/metrics', { token: null });
    expect([status, body['code']]).toEqual([401, 'access.unauthenticated']);
  });

  it('is well-formed: every sample belongs to a metric with a type, and has a number', () => {
    for (const line of text.split('\n').filter((one) => one !== '' && !one.startsWith('#'))) {
      const [, name = '', value] = /^([a-z_]+[a-z0-9_]*)(?:\{.*\})? (\S+)$/.exec(line) ?? [];
      expect(exposed.has(base(name)), line).toBe(true);
      expect(Number(value === '+Inf' ? Infinity : value), line).not.toBeNaN();
    }
  });

  it('names the unit of everything of ours, `_total` where it only grows', () => {
    for (const [name, type] of exposed) {
      if (!name.startsWith('ossea_')) continue;
      if (type === 'counter') expect(name).toMatch(/_total$/);
      else
        expect(name).toMatch(
          /_(seconds|bytes|info|up|state|connections|running|crypto|ok|jobs)$|^ossea_jobs$/,
        );
    }
  });

  it('tells of disks, processes and requests, by routes and never by what a caller made up', () => {
    expect(text).toMatch(/^ossea_disk_free_bytes\{place="spool"\} [1-9]/m);
    expect(text).toMatch(/^process_resident_memory_bytes [1-9]/m);
    expect(text).toMatch(
      /^ossea_http_request_duration_seconds_count\{method="GET",route="\/api\/v1\/jobs",status="200"\} 1$/m,
    );
    expect(text).not.toContain('made-up');
  });
});

describe('the alerting rules', () => {
  it('are well-formed, and ask only for metrics that are exposed', async () => {
    const { groups } = Rules.parse(parse(await readFile(RULES, 'utf8')));
    const rules = groups.flatMap((group) => group.rules);
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
    for (const { alert, expr } of rules) {
      const names = expr.replace(/\{[^}]*\}/g, '').match(/\b(ossea|nodejs|process)_\w+/g) ?? [];
      expect(names, alert).not.toEqual([]);
      for (const name of names) expect(exposed.has(base(name)), `${alert}: ${name}`).toBe(true);
      expect(expr.split('(').length, alert).toBe(expr.split(')').length);
    }
  });

  it('are each explained to whoever is called at night', async () => {
    const { groups } = Rules.parse(parse(await readFile(RULES, 'utf8')));
    const operations = await readFile(join(repositoryRoot, 'docs/operations.md'), 'utf8');
    for (const { alert } of groups.flatMap(({ rules }) => rules))
      expect(operations).toContain(`\`${alert}\``);
  });
});
