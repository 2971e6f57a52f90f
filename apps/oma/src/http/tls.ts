import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { MigrationError } from '@ossea/errors';
import type { ProcessRunner } from '@ossea/process';
import type { OmaConfig } from '../config/config.schema.js';
import { selfSignedCertificate, type KeyAndCertificate } from './self-signed-certificate.js';

export interface TlsIdentity extends KeyAndCertificate {
  /** SHA-256 of the certificate, as browsers show it. */
  readonly fingerprint: string;
}

/** Key and certificate of the HTTP server; `undefined` where it serves plain HTTP. Throws `config.*`. */
export async function tlsIdentity(
  { tls, http, stateDir }: Pick<OmaConfig, 'tls' | 'http' | 'stateDir'>,
  runner: ProcessRunner,
): Promise<TlsIdentity | undefined> {
  const wanted = tls.mode === 'on' || (tls.mode === 'auto' && !isLoopback(http.host));
  if (!wanted) return undefined;
  const pair =
    tls.certFile === undefined || tls.keyFile === undefined
      ? await selfSignedCertificate({ stateDir, host: http.host }, runner)
      : await configured(tls.certFile, tls.keyFile);
  return { ...pair, fingerprint: new X509Certificate(pair.cert).fingerprint256 };
}

/** Whether an address can be reached from this machine alone. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

async function configured(certFile: string, keyFile: string): Promise<KeyAndCertificate> {
  const cert = await read('tls.certFile', certFile);
  const key = await read('tls.keyFile', keyFile);
  let fits: boolean;
  try {
    fits = new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
  } catch (error) {
    throw new MigrationError(
      'config.invalid',
      'tls.certFile and tls.keyFile: expected a certificate and a private key without passphrase, both in PEM.',
      { cause: error },
    );
  }
  if (!fits)
    throw new MigrationError('config.invalid', 'tls.keyFile: expected the private key of tls.certFile.');
  return { key, cert };
}

async function read(setting: string, file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new MigrationError('config.missing', `${setting}: expected a file that can be read.`, {
      cause: error,
    });
  }
}
