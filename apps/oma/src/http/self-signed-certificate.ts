import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { hostname, networkInterfaces } from 'node:os';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { isMigrationError, MigrationError } from '@ossea/errors';
import type { ProcessRunner } from '@ossea/process';

const DAY_MS = 86_400_000;
/** The longest that browsers accept. */
const VALID_DAYS = 825;
const RENEW_BEFORE_DAYS = 30;
const MAKE_TIMEOUT_MS = 30_000;

export interface KeyAndCertificate {
  readonly key: string;
  readonly cert: string;
}

/**
 * The certificate of an appliance that was given none: made at the first start, kept in the state directory and
 * renewed before it ends. Node.js makes no certificates, so `openssl` does.
 * @param host what is listened on; a wildcard stands for every name and address of this machine.
 */
export async function selfSignedCertificate(
  { stateDir, host }: { readonly stateDir: string; readonly host: string },
  runner: ProcessRunner,
): Promise<KeyAndCertificate> {
  const folder = join(stateDir, 'tls');
  const files = { key: join(folder, 'key.pem'), cert: join(folder, 'certificate.pem') };
  const kept = await readBoth(files);
  if (kept && isGoodFor(kept.cert, host)) return kept;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const fresh = join(folder, 'fresh-key.pem');
  await writeFile(fresh, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  const cert = await certify(fresh, host, runner);
  await writeFile(`${files.cert}.fresh`, cert, { mode: 0o600 });
  await rename(fresh, files.key);
  await rename(`${files.cert}.fresh`, files.cert);
  return { key: await readFile(files.key, 'utf8'), cert };
}

async function certify(keyFile: string, host: string, runner: ProcessRunner): Promise<string> {
  try {
    const { stdout } = await runner.exec(
      {
        command: 'openssl',
        args: [
          'req',
          '-x509',
          '-new',
          '-sha256',
          ...['-key', keyFile],
          ...['-days', String(VALID_DAYS)],
          ...['-subj', '/CN=MigrateKit OSSEA'],
          ...['-addext', `subjectAltName=${alternativeNames(host).join(',')}`],
          ...['-addext', 'extendedKeyUsage=serverAuth'],
        ],
        timeoutMs: MAKE_TIMEOUT_MS,
      },
      { signal: AbortSignal.timeout(MAKE_TIMEOUT_MS) },
    );
    return stdout;
  } catch (error) {
    if (!isMigrationError(error) || error.code !== 'process.missing') throw error;
    throw new MigrationError(
      'config.missing',
      'tls.certFile: expected a certificate, because the program openssl, which would make one, is not installed.',
      { cause: error },
    );
  }
}

function alternativeNames(host: string): string[] {
  const isWildcard = host === '0.0.0.0' || host === '::';
  const names = isWildcard ? [hostname(), 'localhost', ...addresses()] : [host];
  return [...new Set(names)].map((name) => (isIP(name) ? `IP:${name}` : `DNS:${name}`));
}

function addresses(): string[] {
  try {
    const all = Object.values(networkInterfaces()).flatMap((some) => some ?? []);
    return all.map(({ address }) => address).filter((address) => !address.includes('%'));
  } catch {
    // a hardened service may not ask; the names are what people open
    return [];
  }
}

async function readBoth(files: KeyAndCertificate): Promise<KeyAndCertificate | undefined> {
  try {
    return { key: await readFile(files.key, 'utf8'), cert: await readFile(files.cert, 'utf8') };
  } catch {
    return undefined;
  }
}

/** Whether it is still valid for a while, and for this host. */
function isGoodFor(pem: string, host: string): boolean {
  try {
    const certificate = new X509Certificate(pem);
    if (Date.parse(certificate.validTo) - Date.now() < RENEW_BEFORE_DAYS * DAY_MS) return false;
    if (host === '0.0.0.0' || host === '::') return true;
    return (isIP(host) ? certificate.checkIP(host) : certificate.checkHost(host)) !== undefined;
  } catch {
    return false;
  }
}
