import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { call, run } from './reader-bench.js';

export interface KeyAndCertificate {
  readonly key: string;
  readonly cert: string;
}

interface Wanted {
  readonly commonName: string;
  /** As in subjectAltName: `DNS:vc.example`. */
  readonly names?: readonly string[];
  readonly authority?: boolean;
  /** Who signs it; itself otherwise. */
  readonly signedBy?: KeyAndCertificate;
}

let unimportant: Promise<KeyAndCertificate> | undefined;

/** A certificate for those who never look at it. */
export function anyCertificate(): Promise<KeyAndCertificate> {
  return (unimportant ??= certify({ commonName: 'vc.example', names: ['DNS:vc.example'] }));
}

/** Makes a certificate with openssl(1), which the product uses as well: Node.js makes none. */
export async function certify({
  commonName,
  names = [],
  authority = false,
  signedBy,
}: Wanted): Promise<KeyAndCertificate> {
  const directory = await mkdtemp(join(tmpdir(), 'vr-'));
  const at = (name: string): string => join(directory, name);
  const openssl = (...args: string[]) => run.exec({ command: 'openssl', args }, call);
  try {
    await openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', at('key'));
    await openssl('req', '-new', '-key', at('key'), '-subj', `/CN=${commonName}`, '-out', at('request'));
    const extensions = [
      `basicConstraints=critical,CA:${authority ? 'TRUE' : 'FALSE'}`,
      ...(names.length > 0 ? [`subjectAltName=${names.join(',')}`] : []),
    ];
    await writeFile(at('extensions'), extensions.join('\n'));
    if (signedBy) {
      await writeFile(at('ca.key'), signedBy.key, { mode: 0o600 });
      await writeFile(at('ca.pem'), signedBy.cert);
    }
    const signer = signedBy
      ? ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial']
      : ['-signkey', at('key')];
    const made = ['-extfile', at('extensions'), '-days', '2', '-out', at('cert')];
    await openssl('x509', '-req', '-in', at('request'), ...signer, ...made);
    return { key: await readFile(at('key'), 'utf8'), cert: await readFile(at('cert'), 'utf8') };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
