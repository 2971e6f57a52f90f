import type { X509Certificate } from 'node:crypto';
import { MigrationError } from '@ossea/errors';

/** The certificate of a peer that was checked. */
export interface PeerCertificate {
  readonly pem: string;
  /** `AA:BB:…`, upper case. */
  readonly sha1: string;
  readonly sha256: string;
  /** DNS names and addresses it is made out to; its common name where it has none. */
  readonly names: readonly string[];
}

/** A certificate as a person needs to see it who is to compare it with the one at the console of the host. */
export interface ShownCertificate extends PeerCertificate {
  readonly subject: string;
  readonly issuer: string;
  /** ISO 8601. */
  readonly notBefore: string;
  readonly notAfter: string;
}

/** What of a certificate goes into messages and interfaces. */
export function describeCertificate(x509: X509Certificate): ShownCertificate {
  return {
    pem: x509.toString(),
    sha1: x509.fingerprint,
    sha256: x509.fingerprint256,
    names: namesOf(x509),
    subject: oneLine(x509.subject),
    issuer: oneLine(x509.issuer),
    notBefore: new Date(x509.validFrom).toISOString(),
    notAfter: new Date(x509.validTo).toISOString(),
  };
}

/**
 * A fingerprint as certificates show it, `AA:BB:…`; colons and case of the given one do not matter.
 * Throws `config.invalid` for what is not the length of a SHA-256 digest.
 */
export function normalizeFingerprint(sha256: string): string {
  const digits = sha256.replace(/[:\s]/g, '').toUpperCase();
  if (!/^[0-9A-F]{64}$/.test(digits))
    throw new MigrationError('config.invalid', 'A SHA-256 fingerprint has 64 hexadecimal digits.');
  return digits.replace(/(..)(?=.)/g, '$1:');
}

/** Throws `peer.untrusted` outside the time for which a certificate was made. */
export function mustBeInForce(certificate: ShownCertificate, now: number): void {
  const { notBefore, notAfter, sha256 } = certificate;
  const isOver = now > Date.parse(notAfter);
  if (!isOver && now >= Date.parse(notBefore)) return;
  throw new MigrationError(
    'peer.untrusted',
    isOver
      ? `The certificate ${sha256} has expired on ${notAfter}.`
      : `The certificate ${sha256} is not valid before ${notBefore}; is the clock of this appliance right?`,
    { context: { shown: sha256, notBefore, notAfter } },
  );
}

/** Names and addresses; the common name only where there are none, as RFC 6125 has it. */
function namesOf({ subjectAltName, subject }: X509Certificate): string[] {
  const names = (subjectAltName ?? '')
    .split(', ')
    .map((entry) => /^(?:DNS|IP Address):"?(.*?)"?$/.exec(entry)?.[1])
    .filter((name): name is string => name !== undefined && name !== '');
  if (names.length > 0) return names;
  const common = /^CN=(.+)$/m.exec(subject)?.[1];
  return common === undefined ? [] : [common];
}

function oneLine(name: string | undefined): string {
  return (name ?? '').split('\n').join(', ');
}
