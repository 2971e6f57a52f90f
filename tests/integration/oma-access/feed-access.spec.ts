import {
  FEED_EVENTS,
  FEED_NAMESPACE,
  FEED_PERMISSIONS,
  FEED_REQUESTS,
  Permission,
  Role,
} from '@ossea/api-contract';
import { io, type Socket } from 'socket.io-client';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { until } from '../../stack/probe.js';
import { Appliance } from '../oma-shell/appliance.js';
import { Browser, PASSWORD, addUser, issueToken, signIn } from './people.js';

let oma: Appliance;
let admin = '';
const sockets: Socket[] = [];
beforeAll(async () => {
  oma = await Appliance.start();
  admin = await signIn(oma);
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.disconnect();
});
afterAll(() => oma[Symbol.asyncDispose]());

async function connect(options: object): Promise<Socket> {
  const socket = io(`${oma.url}${FEED_NAMESPACE}`, {
    forceNew: true,
    reconnection: false,
    transports: ['websocket'],
    ...options,
  });
  sockets.push(socket);
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('connect_error', reject);
  });
  return socket;
}

const pageOf = ({ cookie }: Browser, headers: object = { origin: oma.url }) =>
  connect({ extraHeaders: { cookie, ...headers } });

it('every event and every request of the feed names a permission', () => {
  expect(Object.keys(FEED_PERMISSIONS).sort()).toEqual(Object.keys(FEED_EVENTS).sort());
  for (const permission of [...Object.values(FEED_PERMISSIONS), ...Object.values(FEED_REQUESTS)])
    expect(Permission.options).toContain(permission);
});

it('lets a page in by its cookie, from our own origin only', async () => {
  const page = await Browser.signIn(oma);
  const socket = await pageOf(page);
  expect(await socket.timeout(5_000).emitWithAck('subscribe', {})).toMatchObject({ mode: 'snapshot' });
  await expect(pageOf(page, { origin: 'https://elsewhere.example' })).rejects.toThrow();
  await expect(pageOf(page, { origin: oma.url, 'sec-fetch-site': 'cross-site' })).rejects.toThrow();
  // the cookie's secret is no token, and no token is a cookie
  await expect(connect({ auth: { token: page.cookie.split('=')[1] } })).rejects.toThrow();
  await expect(connect({ extraHeaders: { cookie: `ossea=${admin}`, origin: oma.url } })).rejects.toThrow();
});

it('tells every role where things stand, and answers a message that it does not know to nobody', async () => {
  for (const role of Role.options) {
    const { id } = await addUser(oma, admin, `f-${role}`, role);
    const token =
      role === 'service'
        ? (await issueToken(oma, admin, ['state.read'], id)).token
        : await signIn(oma, `f-${role}`);
    const socket = await connect({ auth: { token } });
    expect(await socket.timeout(5_000).emitWithAck('subscribe', {})).toMatchObject({ mode: 'snapshot' });
    await expect(socket.timeout(300).emitWithAck('unsubscribe', {})).rejects.toThrow();
  }
});

it('needs the permission in a token, too', async () => {
  const { token } = await issueToken(oma, admin, ['metrics.read']);
  const socket = await connect({ auth: { token } });
  expect(await socket.timeout(5_000).emitWithAck('subscribe', {})).toMatchObject({
    problem: { code: 'access.forbidden' },
  });
});

it('is cut off at once when access is taken away, and asks again when the role is another one', async () => {
  const { id } = await addUser(oma, admin, 'fay', 'operator');
  const page = await Browser.signIn(oma, 'fay', PASSWORD);
  const cutBy = async (path: string, method: string, body?: object) => {
    const socket = await pageOf(page);
    const began = performance.now();
    expect((await oma.call(path, { token: admin, method, ...(body ? { body } : {}) })).status).toBeLessThan(
      300,
    );
    await until('the socket is cut', () => !socket.connected);
    expect(performance.now() - began).toBeLessThan(2_000);
  };
  await cutBy(`admin/users/${id}`, 'PATCH', { role: 'viewer' });
  await cutBy(`admin/users/${id}/sessions`, 'DELETE');
  await expect(pageOf(page)).rejects.toThrow();
});

it('cuts off a client that asks far too often', async () => {
  const socket = await connect({ auth: { token: admin } });
  for (let i = 0; i < 40; i += 1) socket.emit('subscribe', {});
  await until('the socket is cut', () => !socket.connected);
});
