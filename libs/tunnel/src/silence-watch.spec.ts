import net from 'node:net';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { watchSilence } from './silence-watch.js';

let bytesRead: number;
let socket: net.Socket;

beforeEach(() => {
  vi.useFakeTimers();
  bytesRead = 0;
  socket = new net.Socket();
  Object.defineProperty(socket, 'bytesRead', { get: () => bytesRead });
  socket.on('error', () => undefined);
  watchSilence(socket);
});
afterEach(() => {
  socket.destroy();
  vi.useRealTimers();
});

it('ends a connection over which nothing comes, and not before its time', () => {
  vi.advanceTimersByTime(17_000);
  expect(socket.destroyed).toBe(false);
  vi.advanceTimersByTime(1_000);
  expect(socket.destroyed).toBe(true);
});

it('takes any byte for a sign of life', () => {
  for (let second = 0; second < 60; second += 1) {
    if (second % 15 === 0) bytesRead += 1;
    vi.advanceTimersByTime(1_000);
  }
  expect(socket.destroyed).toBe(false);
});

it('counts ticks: a process that was stopped for an hour has not heard silence for an hour', () => {
  vi.advanceTimersByTime(5_000);
  vi.setSystemTime(Date.now() + 3_600_000);
  vi.advanceTimersByTime(5_000);
  expect(socket.destroyed).toBe(false);
});
