import type { Algorithms } from 'ssh2';

/** The only algorithms either end speaks. AES-GCM costs 1.6 times less than OpenSSH's default cipher. */
export const ALGORITHMS = {
  kex: ['curve25519-sha256', 'curve25519-sha256@libssh.org'],
  serverHostKey: ['ssh-ed25519'],
  cipher: ['aes128-gcm@openssh.com', 'aes256-gcm@openssh.com'],
  compress: ['none'],
} satisfies Algorithms;

/** What a VMA names as the address of its NBD server and of its agent: compared, never used to connect. */
export const NBD_ADDRESS = { host: '127.0.0.1', port: 10_809 } as const;
export const AGENT_ADDRESS = { host: '127.0.0.1', port: 9_081 } as const;

/** What a VMA asks its tunnel server for. With OpenSSH the numbers are the VMA's own; else they are the two above. */
export interface TunnelEndpoints {
  readonly nbd: { readonly host: string; readonly port: number };
  readonly agent: { readonly host: string; readonly port: number };
}
export const DEFAULT_ENDPOINTS: TunnelEndpoints = { nbd: NBD_ADDRESS, agent: AGENT_ADDRESS };
/** The one thing that user `enroll` can reach: a subsystem (RFC 4254, section 6.5) that serves one exchange. */
export const ENROL_SUBSYSTEM = 'ossea-enrol';

export const TUNNEL_USER = 'vma';
export const ENROL_USER = 'enroll';

/** Both ends ask; that nothing came back is for `watchSilence` to find, which lets any byte count for an answer. */
export const KEEPALIVE = { keepaliveInterval: 5_000, keepaliveCountMax: 1_000 } as const;

/** Whether what the peer asked for is exactly this address; a name that resolves to it is not. */
export function isAddress(
  asked: { readonly host: string; readonly port: number },
  address: { readonly host: string; readonly port: number },
): boolean {
  return asked.host === address.host && asked.port === address.port;
}
