import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { bareHost, type TransportHost } from './disk-transport.js';

/** How curl can check the certificate of the server, or why it cannot. */
export type TlsPeer =
  | {
      /** What stands in the URL: a name that the certificate has. */
      readonly name: string;
      /** Whether that name is not where the server is, so that a relay must lead there. */
      readonly elsewhere: boolean;
      /** What curl trusts, in PEM; the system's own CAs without it. */
      readonly trusted?: string;
    }
  | { readonly because: string };

/** Stands for the `*` of a certificate: any label does, nobody looks it up. */
const ANY_LABEL = 'host';

/**
 * By CA, the name of the settings was checked already. By pin, any name goes: curl trusts the pinned certificate and
 * nothing else, but wants a name of it in the URL.
 */
export function tlsPeerOf({
  host,
  certificate,
  caPem,
  trustedBy,
}: Pick<TransportHost, 'host' | 'certificate' | 'caPem' | 'trustedBy'>): TlsPeer {
  const configured = bareHost({ host });
  if (caPem !== undefined || trustedBy === 'ca')
    return { name: configured, elsewhere: false, ...(caPem === undefined ? {} : { trusted: caPem }) };
  const trusted = certificate.pem;
  const x509 = new X509Certificate(trusted);
  if (isMadeOutTo(x509, configured)) return { name: configured, elsewhere: false, trusted };
  const name = certificate.names
    .map((found) => found.replace(/^\*\./, `${ANY_LABEL}.`))
    .find((found) => isMadeOutTo(x509, found));
  if (name !== undefined) return { name, elsewhere: true, trusted };
  return {
    because:
      "the server's certificate is made out to no name or address that could stand in a URL, so HTTPS readers cannot " +
      'check it. Give the server a certificate with its name.',
  };
}

function isMadeOutTo(x509: X509Certificate, name: string): boolean {
  if (!/^[a-z0-9._:-]+$/i.test(name)) return false;
  return (isIP(name) ? x509.checkIP(name) : x509.checkHost(name)) !== undefined;
}
