import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { expect, it } from 'vitest';
import { tlsPeerOf } from './tls-peer.js';

function certificate(commonName: string, names: readonly string[] = []) {
  const extension = names.length > 0 ? ['-addext', `subjectAltName=${names.join(',')}`] : [];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', '/dev/null'];
  const pem = execFileSync(
    'openssl',
    ['req', '-x509', ...curve, '-subj', `/CN=${commonName}`, ...extension],
    {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  const x509 = new X509Certificate(pem);
  const found = names.map((name) => name.replace(/^(?:DNS|IP):/, ''));
  return {
    pem,
    sha1: x509.fingerprint,
    sha256: x509.fingerprint256,
    names: found.length > 0 ? found : [commonName],
  };
}

it('a pinned certificate with the name of the settings needs no detour', () => {
  const shown = certificate('x', ['DNS:VC.example', 'IP:192.0.2.7', 'IP:2001:db8::7']);
  for (const host of ['vc.example', '192.0.2.7', '2001:db8::7', '[2001:db8::7]'])
    expect(tlsPeerOf({ host, certificate: shown })).toEqual({
      name: host.replace(/[[\]]/g, ''),
      elsewhere: false,
      trusted: shown.pem,
    });
});

it('another name of a pinned certificate serves, a wildcard and a common name too', () => {
  const host = '198.51.100.1';
  expect(tlsPeerOf({ host, certificate: certificate('x', ['DNS:vc.site.example']) })).toMatchObject({
    name: 'vc.site.example',
    elsewhere: true,
  });
  expect(tlsPeerOf({ host, certificate: certificate('x', ['DNS:*.site.example']) })).toMatchObject({
    name: 'host.site.example',
    elsewhere: true,
  });
  expect(tlsPeerOf({ host, certificate: certificate('localhost.localdomain') })).toMatchObject({
    name: 'localhost.localdomain',
    elsewhere: true,
  });
});

it('a pinned certificate that no URL can name is of no use', () => {
  expect(tlsPeerOf({ host: 'vc', certificate: certificate('VMware default certificate') })).toEqual({
    because: expect.stringMatching(/certificate with its name/) as string,
  });
});

it('by CA, the name of the settings stands, and nothing else is trusted than was asked for', () => {
  const shown = certificate('x', ['DNS:other.example']);
  expect(tlsPeerOf({ host: 'vc', certificate: shown, caPem: 'CA' })).toEqual({
    name: 'vc',
    elsewhere: false,
    trusted: 'CA',
  });
  expect(tlsPeerOf({ host: 'vc', certificate: shown, trustedBy: 'ca' })).toEqual({
    name: 'vc',
    elsewhere: false,
  });
});
