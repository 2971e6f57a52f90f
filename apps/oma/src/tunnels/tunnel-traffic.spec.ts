import { NO_STORAGE_DAEMON } from '@ossea/tunnel';
import { beforeEach, expect, it } from 'vitest';
import { TunnelTraffic } from './tunnel-traffic.js';

let traffic: TunnelTraffic;
beforeEach(() => {
  traffic = new TunnelTraffic();
});

const carried = (...connections: { id: string; connection: number; bytes: number }[]) =>
  traffic.onEvent({ type: 'traffic', connections });

it('counts what stands and what has ended, of each VMA, and nothing twice', () => {
  carried({ id: 'a', connection: 1, bytes: 10 }, { id: 'a', connection: 2, bytes: 5 });
  carried({ id: 'a', connection: 1, bytes: 20 }, { id: 'b', connection: 3, bytes: 7 });
  expect([traffic.bytesOf('a'), traffic.bytesOf('b'), traffic.bytesOf('c')]).toEqual([25, 7, 0]);
  traffic.onEvent({ type: 'disconnected', id: 'a', connection: 1, bytes: 30 });
  expect(traffic.bytesOf('a')).toBe(35);
});

it('never counts back when the server process is lost, whose successor counts connections from one again', () => {
  carried({ id: 'a', connection: 1, bytes: 10 });
  traffic.onLost();
  expect(traffic.bytesOf('a')).toBe(10);
  carried({ id: 'a', connection: 1, bytes: 3 });
  expect(traffic.bytesOf('a')).toBe(13);
});

it('sorts refusals into a few kinds, whatever words the peer chose', () => {
  for (const what of ['direct-tcpip to another address, port 1', 'direct-tcpip to another address, port 2'])
    traffic.onEvent({ type: 'refused', address: '192.0.2.1', what });
  for (const what of ['authentication', NO_STORAGE_DAEMON, 'session', 'tcpip-forward', 'channel limit', 'x'])
    traffic.onEvent({ type: 'refused', address: '192.0.2.1', what });
  expect(Object.fromEntries(traffic.refused())).toEqual({
    'other-address': 2,
    authentication: 1,
    'no-storage-daemon': 1,
    'other-channel': 1,
    listener: 1,
    'channel-limit': 1,
    other: 1,
  });
});
