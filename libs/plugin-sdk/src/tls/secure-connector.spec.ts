import { createServer as createPlainServer, type AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:tls';
import { X509Certificate } from 'node:crypto';
import { afterEach, expect, it } from 'vitest';
import { certify, type KeyAndCertificate } from '../testing/certificates.js';
import { normalizeFingerprint } from './peer-certificate.js';
import { connectTrusted, fetchPeerCertificate, showPeerCertificate, type Trust } from './secure-connector.js';

const call = { signal: new AbortController().signal };
const HOST = '127.0.0.1';
const DAY_MS = 86_400_000;
const root = certify({ name: 'Our CA', authority: true });
const good = certify({ name: 'vcenter', names: ['vcenter.example', HOST], issuer: root });
const closing: (() => void)[] = [];

afterEach(() => closing.splice(0).forEach((close) => close()));

/** A peer that shows this certificate and counts the bytes it is sent after the handshake. */
async function listen(certificate: KeyAndCertificate): Promise<{ port: number; received: () => number }> {
  let bytes = 0;
  const server: Server = createServer({ key: certificate.key, cert: certificate.cert }, (socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (data) => (bytes += data.length));
  });
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
  closing.push(() => server.close());
  return { port: (server.address() as AddressInfo).port, received: () => bytes };
}

const fingerprintOf = ({ cert }: KeyAndCertificate) => new X509Certificate(cert).fingerprint256;
const reach = async (certificate: KeyAndCertificate, trust: Trust, host = HOST) => {
  const { port } = await listen(certificate);
  return fetchPeerCertificate({ host, port }, trust, call);
};

it('takes the pinned certificate, in any way of writing the pin, whatever name it has', async () => {
  const other = certify({ name: 'somebody' });
  const sha256 = fingerprintOf(other);
  for (const pin of [sha256, sha256.toLowerCase(), sha256.replaceAll(':', ''), ` ${sha256} `]) {
    const shown = await reach(other, { by: 'pin', sha256: pin });
    expect(shown).toEqual({
      pem: expect.stringContaining('BEGIN CERTIFICATE') as string,
      sha1: new X509Certificate(other.cert).fingerprint,
      sha256,
      names: ['somebody'],
    });
  }
});

it('refuses another certificate than the pinned one, and names both', async () => {
  const expected = fingerprintOf(root);
  const shown = fingerprintOf(good);
  await expect(reach(good, { by: 'pin', sha256: expected })).rejects.toMatchObject({
    code: 'peer.untrusted',
    message: expect.stringMatching(new RegExp(`${shown}.*${expected}`)) as string,
    context: { shown, expected },
  });
});

it.each(['', 'AA:BB', 'x'.repeat(64), 'A'.repeat(40)])(
  'refuses the pin %j before it connects',
  async (sha256) => {
    await expect(
      fetchPeerCertificate({ host: HOST, port: 1 }, { by: 'pin', sha256 }, call),
    ).rejects.toMatchObject({ code: 'config.invalid' });
  },
);

it.each([
  ['expired', new Date(Date.now() - 2 * DAY_MS), new Date(Date.now() - DAY_MS), /has expired on .*T/],
  ['not yet valid', new Date(Date.now() + DAY_MS), new Date(Date.now() + 2 * DAY_MS), /not valid before .*T/],
])('refuses a certificate that is %s, pinned or not', async (_what, notBefore, notAfter, message) => {
  const late = certify({ name: 'vcenter', names: [HOST], issuer: root, notBefore, notAfter });
  const pinned = reach(late, { by: 'pin', sha256: fingerprintOf(late) });
  await expect(pinned).rejects.toMatchObject({
    code: 'peer.untrusted',
    message: expect.stringMatching(message) as string,
  });
  const byAuthority = reach(late, { by: 'ca', pem: root.cert });
  await expect(byAuthority).rejects.toMatchObject({
    code: 'peer.untrusted',
    message: expect.stringContaining(fingerprintOf(late)) as string,
  });
});

it('takes a certificate of the given CA that is made out to the host', async () => {
  const shown = await reach(good, { by: 'ca', pem: root.cert });
  expect(shown).toMatchObject({ sha256: fingerprintOf(good), names: ['vcenter.example', HOST] });
});

it('says which name it wants, for a server that has several', async () => {
  const asked: string[] = [];
  const local = certify({ name: 'vcenter', names: ['localhost'], issuer: root });
  const server = createServer({
    key: local.key,
    cert: local.cert,
    SNICallback: (name, done) => {
      asked.push(name);
      done(null);
    },
  });
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  closing.push(() => server.close());
  const { port } = server.address() as AddressInfo;
  await fetchPeerCertificate({ host: 'localhost', port }, { by: 'ca', pem: root.cert }, call);
  expect(asked).toEqual(['localhost']);
});

it('refuses one that is made out to another name, and says to which', async () => {
  const elsewhere = certify({ name: 'vcenter', names: ['elsewhere.example'], issuer: root });
  await expect(reach(elsewhere, { by: 'ca', pem: root.cert })).rejects.toMatchObject({
    code: 'peer.untrusted',
    message: expect.stringContaining('elsewhere.example') as string,
  });
});

it('refuses one of another CA, of none, and of one that may not issue', async () => {
  const stranger = certify({ name: 'Our CA', authority: true });
  const powerless = certify({ name: 'Powerless', names: [HOST], issuer: root });
  const below = certify({ name: 'vcenter', names: [HOST], issuer: powerless });
  for (const [shown, pem] of [
    [certify({ name: 'vcenter', names: [HOST], issuer: stranger }), root.cert],
    [certify({ name: 'vcenter', names: [HOST] }), root.cert],
    [good, undefined],
    [{ ...below, cert: below.cert + powerless.cert }, root.cert],
  ] as const)
    await expect(reach(shown, { by: 'ca', ...(pem === undefined ? {} : { pem }) })).rejects.toMatchObject({
      code: 'peer.untrusted',
    });
});

it('shows a certificate that nobody trusts, and sends no byte', async () => {
  const { port, received } = await listen(good);
  const shown = await showPeerCertificate(HOST, port, call);
  expect(shown).toMatchObject({ sha256: fingerprintOf(good), subject: 'CN=vcenter', issuer: 'CN=Our CA' });
  expect(shown.notAfter).toMatch(/^\d{4}-.*Z$/);
  expect(received()).toBe(0);
});

it('says that nobody listens, or that it is not TLS', async () => {
  const plain = createPlainServer((socket) => {
    socket.on('error', () => undefined);
    // read to the end, or the server would not close
    socket.resume();
    socket.write('220 ready\r\n');
  });
  await new Promise<void>((resolve) => plain.listen(0, HOST, resolve));
  const { port } = plain.address() as AddressInfo;
  await expect(showPeerCertificate(HOST, port, call)).rejects.toMatchObject({ code: 'peer.protocol' });
  await new Promise((resolve) => plain.close(resolve));
  await expect(showPeerCertificate(HOST, port, call)).rejects.toMatchObject({
    code: 'peer.unreachable',
    message: expect.stringContaining('ECONNREFUSED') as string,
  });
});

it('gives up a peer that does not answer, and at an abort', async () => {
  const silent = createPlainServer(() => undefined);
  await new Promise<void>((resolve) => silent.listen(0, HOST, resolve));
  closing.push(() => silent.close());
  const { port } = silent.address() as AddressInfo;
  const pin: Trust = { by: 'pin', sha256: fingerprintOf(good) };
  await expect(connectTrusted({ host: HOST, port }, pin, { ...call, timeoutMs: 20 })).rejects.toMatchObject({
    code: 'peer.unreachable',
  });
  const controller = new AbortController();
  const waiting = connectTrusted({ host: HOST, port }, pin, controller);
  controller.abort();
  await expect(waiting).rejects.toMatchObject({ code: 'call.aborted' });
});

it('writes fingerprints as certificates show them', () => {
  expect(normalizeFingerprint('ab'.repeat(32))).toBe(Array(32).fill('AB').join(':'));
});
