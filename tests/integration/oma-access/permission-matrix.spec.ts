import { PERMISSIONS, Permission, Problem, Role, permissionsOf, scopesOf } from '@ossea/api-contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Appliance } from '../oma-shell/appliance.js';
import { PASSWORD, addUser, issueToken, signIn } from './people.js';

interface Operation {
  readonly security?: readonly unknown[];
  readonly 'x-permission'?: string;
}
interface Route {
  readonly method: string;
  readonly path: string;
  readonly permission: Permission | undefined;
  readonly isOpen: boolean;
}

const SOMETHING = 'job_01J00000000000000000000000';
/** Ends what it is called with; called with one of its own. */
const ENDS_ITSELF = 'POST /api/v1/access/sign-out';

let oma: Appliance;
let admin = '';
let routes: Route[] = [];
beforeAll(async () => {
  oma = await Appliance.start();
  admin = await signIn(oma);
  const { body } = await oma.call('/api/docs/openapi.json', { token: null });
  const paths = body['paths'] as Record<string, Record<string, Operation>>;
  // its form is Prometheus', so it is not in the document
  const metrics: Route = { method: 'GET', path: '/metrics', permission: 'metrics.read', isOpen: false };
  const documented = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, { security, 'x-permission': permission }]) => ({
      method: method.toUpperCase(),
      path,
      permission: permission === undefined ? undefined : Permission.parse(permission),
      isOpen: security?.length === 0,
    })),
  );
  routes = [...documented, metrics];
});
afterAll(() => oma[Symbol.asyncDispose]());

const nameOf = ({ method, path }: Route) => `${method} ${path}`;

function call({ method, path }: Route, token: string | null, headers: Record<string, string> = {}) {
  return oma.call(path.replace(/\{\w+\}/g, SOMETHING), { method, token, headers });
}

it('names one permission for every route, but for the doors and for health without data', () => {
  expect(routes.length).toBeGreaterThan(60);
  expect(
    routes
      .filter(({ isOpen }) => isOpen)
      .map(nameOf)
      .sort(),
  ).toEqual([
    'GET /api/v1/health',
    'POST /api/v1/access/recover',
    'POST /api/v1/access/set-up',
    'POST /api/v1/access/sign-in',
  ]);
  expect(routes.filter(({ isOpen, permission }) => !isOpen && permission === undefined)).toEqual([]);
  const used = new Set(routes.map(({ permission }) => permission));
  // a permission that guards nothing would be a promise that nobody keeps
  expect(Permission.options.filter((permission) => !used.has(permission))).toEqual([]);
});

it('answers 401 on every route to whoever shows nothing that we gave out', async () => {
  for (const route of routes.filter(({ isOpen }) => !isOpen))
    for (const headers of [
      {},
      { authorization: 'Bearer ossea_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' },
      { authorization: 'Bearer osseas_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' },
      { authorization: 'Basic YTpi' },
      { authorization: `Bearer ${'x'.repeat(5000)}` },
      { cookie: 'ossea=osseas_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' },
      { cookie: '__proto__=1; ossea=' },
    ] as Record<string, string>[]) {
      const answer = await call(route, null, headers);
      expect([nameOf(route), answer.status]).toEqual([nameOf(route), 401]);
      expect(Problem.parse(answer.body).code).toBe('access.unauthenticated');
      expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
    }
});

describe.each(Role.options)('somebody in the role %s', (role) => {
  let token = '';
  beforeAll(async () => {
    const { id } = await addUser(oma, admin, `one-${role}`, role);
    token =
      role === 'service'
        ? (await issueToken(oma, admin, scopesOf('service'), id)).token
        : await signIn(oma, `one-${role}`);
  });

  it('is let through exactly where the matrix says so', async () => {
    const may = new Set<string>(role === 'service' ? ['self.use', ...scopesOf(role)] : permissionsOf(role));
    for (const route of routes) {
      if (route.permission === undefined) continue;
      const isLast = nameOf(route) === ENDS_ITSELF && role !== 'service';
      const answer = await call(route, isLast ? await signIn(oma, `one-${role}`, PASSWORD) : token);
      const isForbidden = answer.status === 403 && Problem.parse(answer.body).code === 'access.forbidden';
      expect([nameOf(route), isForbidden]).toEqual([nameOf(route), !may.has(route.permission)]);
      expect(answer.status).toBeLessThan(500);
    }
  });
});

it('gives every role what its words promise', () => {
  expect(permissionsOf('administrator')).toEqual(Permission.options);
  for (const role of ['viewer', 'auditor'] as const)
    for (const permission of permissionsOf(role)) expect(permission).toMatch(/\.read$|^self\./);
  for (const { label, roles } of Object.values(PERMISSIONS)) {
    expect(label).not.toBe('');
    expect(roles.length).toBeGreaterThan(0);
  }
});
