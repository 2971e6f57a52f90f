import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProcessRunner } from '@ossea/process';

export interface CertificateAndKey {
  readonly certPem: string;
  readonly keyPem: string;
}

/**
 * A self-signed certificate of a vCenter that is reached by another name than its own, as in a lab: only its
 * fingerprint can tell that it is the right one. Node.js makes no certificates, so `openssl` does.
 */
export async function vcenterCertificate(
  directory: string,
  runner: ProcessRunner,
): Promise<CertificateAndKey> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const keyPem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
  const keyFile = join(directory, 'fresh-key.pem');
  await writeFile(keyFile, keyPem, { mode: 0o600 });
  const { stdout } = await runner.exec(
    {
      command: 'openssl',
      args: [
        'req',
        '-x509',
        '-new',
        '-sha256',
        ...['-key', keyFile],
        ...['-days', '365'],
        ...['-subj', '/CN=vcenter.test'],
        ...['-addext', 'subjectAltName=DNS:vcenter.test'],
      ],
      timeoutMs: 30_000,
    },
    { signal: AbortSignal.timeout(30_000) },
  );
  return { certPem: stdout, keyPem };
}

/** `AA:BB:…`, as vCenter shows it. */
export const sha256Of = (certPem: string): string => new X509Certificate(certPem).fingerprint256;
