import {
  closeSync,
  fchmodSync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { fingerprint, normalisePublicKey } from '../keys.js';
import type { TunnelIdentity } from '../server-options.js';

/** An identity with what OpenSSH needs to serve it. */
export type NumberedIdentity = TunnelIdentity & { readonly nbdPort: number; readonly agentPort: number };

/** Whether OpenSSH can serve it: without numbers its key line would allow too much. */
export function isNumbered(identity: TunnelIdentity): identity is NumberedIdentity {
  return isPort(identity.nbdPort) && isPort(identity.agentPort);
}

/**
 * The line of a VMA's key (sshd(8), AUTHORIZED_KEYS FILE FORMAT): nothing but its two numbers. It is put together from
 * checked parts only; nothing that a person wrote stands in it.
 */
export function keyLine({ publicKey, nbdPort, agentPort, expiresAt }: NumberedIdentity): string {
  const options = [
    'restrict',
    'port-forwarding',
    `permitopen="127.0.0.1:${nbdPort}"`,
    `permitlisten="127.0.0.1:${agentPort}"`,
    ...(expiresAt ? [`expiry-time="${utcSeconds(expiresAt)}"`] : []),
  ];
  return `${options.join(',')} ${normalisePublicKey(publicKey)}`;
}

/** The name of a key's file: its fingerprint, without the two characters that a name may not hold. */
export function keyFileName(publicKey: string): string {
  return fingerprint(publicKey).slice('SHA256:'.length).replaceAll('+', '-').replaceAll('/', '_');
}

/**
 * The keys that may log in, one file each, and those that may not any more. Written at once and durable, so that a key
 * that was taken away stays away; synchronously, so that nothing happens between a decision and its effect.
 */
export class KeyFiles {
  private readonly lines = new Map<string, { readonly publicKey: string; readonly line: string }>();
  private readonly revoked = new Set<string>();

  constructor(
    private readonly directory: string,
    private readonly revokedFile: string,
  ) {
    // what a former life left is nobody's until it is told again
    for (const name of readdirSync(directory)) rmSync(join(directory, name), { force: true });
    this.writeRevoked();
  }

  /** Makes the files say exactly this. */
  apply(identities: readonly NumberedIdentity[]): void {
    const wanted = new Map(
      identities.map((identity) => [
        keyFileName(identity.publicKey),
        { publicKey: normalisePublicKey(identity.publicKey), line: keyLine(identity) },
      ]),
    );
    const gone = [...this.lines].filter(([name]) => !wanted.has(name));
    const come = [...wanted].filter(([name, { line }]) => this.lines.get(name)?.line !== line);
    for (const [name, { publicKey }] of gone) {
      rmSync(join(this.directory, name), { force: true });
      this.lines.delete(name);
      this.revoked.add(publicKey);
    }
    const back = come.filter(([, { publicKey }]) => this.revoked.delete(publicKey));
    if (gone.length > 0) syncDirectory(this.directory);
    if (gone.length > 0 || back.length > 0) this.writeRevoked();
    for (const [name, entry] of come) {
      writeDurably(this.directory, name, `${entry.line}\n`, 0o644);
      this.lines.set(name, entry);
    }
  }

  /** A file that cannot be read would refuse everyone: it is always there, and everybody may read it. */
  private writeRevoked(): void {
    const at = this.revokedFile.lastIndexOf('/');
    const text = [...this.revoked].map((key) => `${key}\n`).join('');
    writeDurably(this.revokedFile.slice(0, at), this.revokedFile.slice(at + 1), text, 0o644);
  }
}

/** Writes a file whole or not at all, and durable when it returns. */
export function writeDurably(directory: string, name: string, text: string, mode: number): void {
  const fresh = join(directory, `.${name}.new`);
  rmSync(fresh, { force: true });
  const file = openSync(fresh, 'wx', mode);
  try {
    // the process's own umask may be stricter than what sshd's helpers need
    fchmodSync(file, mode);
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(fresh, join(directory, name));
  syncDirectory(directory);
}

function syncDirectory(path: string): void {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

function isPort(port: number | undefined): boolean {
  return port !== undefined && Number.isInteger(port) && port > 0 && port <= 65_535;
}

/** `YYYYMMDDHHMMSSZ`: in UTC, whatever the time zone of the machine (since OpenSSH 9.1). */
function utcSeconds(date: Date): string {
  return `${date.toISOString().replace(/[-:T]|\.\d+Z$/g, '')}Z`;
}
