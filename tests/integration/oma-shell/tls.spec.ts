import { X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { expect, it } from 'vitest';
import { io } from 'socket.io-client';
import { FEED_NAMESPACE } from '@ossea/api-contract';
import { createProcessRunner } from '@ossea/process';
import { selfSignedCertificate } from '../../../apps/oma/src/http/self-signed-certificate.js';
import { Appliance } from './appliance.js';

it('serves TLS with a certificate of its own, for its own address, and keeps it', async () => {
  await using oma = await Appliance.start({ setUp: false, config: { tls: { mode: 'on' } } });
  expect(oma.url).toMatch(/^https:/);
  const ca = await readFile(join(oma.stateDir, 'tls/certificate.pem'), 'utf8');
  const certificate = new X509Certificate(ca);
  expect(certificate.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
  expect(certificate.checkIP('127.0.0.1')).toBe('127.0.0.1');
  expect((await stat(join(oma.stateDir, 'tls/key.pem'))).mode & 0o777).toBe(0o600);
  const answer = await new Promise<{ status: number | undefined; hsts: unknown }>((resolve, reject) => {
    request(`${oma.url}/api/v1/health`, { ca }, (response) => {
      response.resume();
      resolve({ status: response.statusCode, hsts: response.headers['strict-transport-security'] });
    })
      .once('error', reject)
      .end();
  });
  expect(answer).toEqual({ status: 200, hsts: 'max-age=31536000' });
  await expect(fetch(`${oma.url}/api/v1/health`)).rejects.toThrow();
  const socket = io(`${oma.url}${FEED_NAMESPACE}`, { ca, reconnection: false, forceNew: true } as object);
  const error = await new Promise<Error>((resolve) => socket.once('connect_error', resolve));
  // the connection stands, and is refused for want of a token
  expect(error).toMatchObject({ data: { problem: { code: 'access.unauthenticated' } } });
  socket.disconnect();
});

it('makes another certificate when the address is another one', async () => {
  const stateDir = await mkdtemp(join(tmpdir(), 'oma-'));
  try {
    const runner = createProcessRunner();
    const first = await selfSignedCertificate({ stateDir, host: '0.0.0.0' }, runner);
    expect(new X509Certificate(first.cert).checkHost('localhost')).toBe('localhost');
    expect(await selfSignedCertificate({ stateDir, host: '0.0.0.0' }, runner)).toEqual(first);
    const other = await selfSignedCertificate({ stateDir, host: 'oma.example' }, runner);
    expect(new X509Certificate(other.cert).checkHost('oma.example')).toBe('oma.example');
    expect(other.key).not.toBe(first.key);
  } finally {
    await rm(stateDir, { recursive: true, force: true });
  }
});
