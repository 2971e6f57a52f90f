import { existsSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { connect as connectTls, rootCertificates, type TLSSocket } from 'node:tls';
import { MigrationError, throwIfAborted } from '@ossea/errors';
import type { CallOptions } from '../values.js';
import {
  describeCertificate,
  mustBeInForce,
  normalizeFingerprint,
  type PeerCertificate,
  type ShownCertificate,
} from './peer-certificate.js';

/**
 * Who is believed. `pin`: the one certificate with this SHA-256 fingerprint, whatever name it has; `ca`: those of a CA
 * (PEM, or what the system trusts) that are made out to the host's name. Neither takes one that is out of date.
 */
export type Trust =
  { readonly by: 'pin'; readonly sha256: string } | { readonly by: 'ca'; readonly pem?: string };

export interface Peer {
  /** A name or an address, an IPv6 one with or without brackets. */
  readonly host: string;
  readonly port: number;
}

interface ConnectOptions extends CallOptions {
  /** Milliseconds for connection and handshake together. */
  readonly timeoutMs?: number;
  /** Milliseconds since 1970, for what is expired. */
  readonly now?: () => number;
}

const CONNECT_TIMEOUT_MS = 15_000;
/** Where Debian keeps what its administrators trust (package ca-certificates), a VMCA root among it. */
const SYSTEM_BUNDLE = '/etc/ssl/certs/ca-certificates.crt';

/**
 * Opens a TLS connection to a peer that is trusted: nothing is sent over it before its certificate was checked.
 * Throws `peer.untrusted` with the fingerprint that was shown, `peer.unreachable`, `peer.protocol` where no TLS is
 * spoken, `config.invalid` for a pin that is none, or `call.aborted`.
 */
export async function connectTrusted(
  peer: Peer,
  trust: Trust,
  options: ConnectOptions,
): Promise<{ readonly socket: TLSSocket; readonly certificate: PeerCertificate }> {
  const pin = trust.by === 'pin' ? normalizeFingerprint(trust.sha256) : undefined;
  const ca = trust.by === 'ca' ? (trust.pem ?? systemBundle()) : undefined;
  const socket = await connect(peer, ca, options);
  try {
    const certificate = certificateOf(socket);
    if (pin === undefined) mustBeAuthorized(socket, certificate);
    else if (certificate.sha256 !== pin)
      throw new MigrationError(
        'peer.untrusted',
        `The endpoint has shown the certificate ${certificate.sha256}; ${pin} is expected.`,
        { context: { shown: certificate.sha256, expected: pin } },
      );
    mustBeInForce(certificate, (options.now ?? Date.now)());
    const { pem, sha1, sha256, names } = certificate;
    return { socket, certificate: { pem, sha1, sha256, names } };
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** The certificate of a peer that is trusted, without anything being asked of it. Throws as `connectTrusted` does. */
export async function fetchPeerCertificate(
  peer: Peer,
  trust: Trust,
  options: ConnectOptions,
): Promise<PeerCertificate> {
  const { socket, certificate } = await connectTrusted(peer, trust, options);
  socket.destroy();
  return certificate;
}

/**
 * The certificate that a peer shows, whoever it is: for a person who compares it before it is trusted. No data is
 * sent. Throws `peer.unreachable`, `peer.protocol` or `call.aborted`.
 */
export async function showPeerCertificate(
  host: string,
  port: number,
  options: CallOptions,
): Promise<ShownCertificate> {
  const socket = await connect({ host, port }, undefined, options);
  try {
    return certificateOf(socket);
  } finally {
    socket.destroy();
  }
}

/** A host name as sockets take it. */
export function bareHost(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1');
}

/**
 * A connection whose peer has still to be checked: Node's own check would end it before anybody could say which
 * certificate was shown, and with a pin it would never ask us.
 */
function connect(peer: Peer, ca: string | undefined, options: ConnectOptions): Promise<TLSSocket> {
  const { signal, timeoutMs = CONNECT_TIMEOUT_MS } = options;
  throwIfAborted(signal);
  const host = bareHost(peer.host);
  const where = { host, port: peer.port };
  return new Promise((resolve, reject) => {
    const socket = connectTls({
      ...where,
      ...(isIP(host) ? {} : { servername: host }),
      ...(ca === undefined ? {} : { ca }),
      rejectUnauthorized: false,
      ALPNProtocols: ['http/1.1'],
    });
    const timer = setTimeout(
      () =>
        fail(new MigrationError('peer.unreachable', `No answer within ${timeoutMs} ms.`, { context: where })),
      timeoutMs,
    );
    const abort = () => fail(new MigrationError('call.aborted', 'The call was aborted.'));
    signal.addEventListener('abort', abort, { once: true });
    const settle = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    };
    const fail = (error: MigrationError) => {
      settle();
      socket.destroy();
      reject(error);
    };
    // it stays: an error that comes before anybody else listens must not end the process
    socket.on('error', (error) => fail(connectError(error, where)));
    socket.once('secureConnect', () => {
      settle();
      resolve(socket);
    });
  });
}

function certificateOf(socket: TLSSocket): ShownCertificate {
  const x509 = socket.getPeerX509Certificate();
  if (!x509) throw new MigrationError('peer.untrusted', 'The endpoint has shown no certificate.');
  return describeCertificate(x509);
}

/** Chain, purpose, dates and name, as Node has checked them during the handshake. */
function mustBeAuthorized(socket: TLSSocket, certificate: ShownCertificate): void {
  if (socket.authorized) return;
  const reason = String(socket.authorizationError ?? 'unknown');
  const because =
    reason === 'ERR_TLS_CERT_ALTNAME_INVALID'
      ? `it is made out to ${certificate.names.join(', ') || 'nobody'}, and not to this host`
      : reason === 'CERT_HAS_EXPIRED'
        ? `it, or a CA of its chain, has expired (it is valid until ${certificate.notAfter})`
        : `no CA that is trusted vouches for it (${reason})`;
  throw new MigrationError(
    'peer.untrusted',
    `The certificate ${certificate.sha256} is not trusted: ${because}.`,
    { context: { shown: certificate.sha256, reason } },
  );
}

function connectError(fault: Error, where: { readonly host: string; readonly port: number }): MigrationError {
  // one error for each address that was tried
  const first: unknown = fault instanceof AggregateError ? fault.errors[0] : fault;
  const code = first instanceof Error && 'code' in first ? String(first.code) : fault.message;
  const notTls = code === 'EPROTO' || code.startsWith('ERR_SSL');
  return new MigrationError(
    notTls ? 'peer.protocol' : 'peer.unreachable',
    notTls
      ? `The endpoint does not speak TLS as expected (${code}).`
      : `There is no connection to ${where.host}:${where.port}: ${code}.`,
    { cause: fault, context: where },
  );
}

function systemBundle(): string {
  return existsSync(SYSTEM_BUNDLE) ? readFileSync(SYSTEM_BUNDLE, 'utf8') : rootCertificates.join('\n');
}
