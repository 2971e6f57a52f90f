import { ENROL_SUBSYSTEM, KEEPALIVE } from '../algorithms.js';
import type { TunnelLimits } from '../server-options.js';
import type { AccountNames } from './settings.js';

export interface SshdConfigInput {
  readonly hostKeyFile: string;
  readonly keysCommand: string;
  readonly revokedKeysFile: string;
  readonly accounts: AccountNames;
  readonly limits: TunnelLimits;
}

/** Of sshd's own clock over the log-in; ours, which knows of other connections too, is to be the first. */
const GRACE_SECONDS = 5;

/**
 * The keys command with its arguments (sshd_config(5), TOKENS): connection, user, key type, key, fingerprint.
 * @param connection ours, given anew for every sshd; without one the command accepts no key.
 */
export function keysCommandLine(keysCommand: string, connection: number): string {
  return `AuthorizedKeysCommand ${keysCommand} ${connection} %u %t %k %f`;
}

/**
 * The whole configuration of an sshd that is one connection (`-i`), for the tunnel and nothing else. What is not allowed
 * is said for everyone; the two users get back the little that they need (sshd_config(5): a Match block overrides). There
 * is no `Port`: we accept the connections ourselves. `MaxStartups` would not act with `-i`; `PendingConnections` does.
 */
export function sshdConfig({ hostKeyFile, keysCommand, revokedKeysFile, accounts, limits }: SshdConfigInput) {
  return `# written at every start of the tunnel server; changes are lost
HostKey ${hostKeyFile}
PidFile none
UsePAM no
StrictModes yes
AllowUsers ${accounts.tunnel} ${accounts.enrol}
PermitRootLogin no
AuthenticationMethods publickey
PubkeyAuthentication yes
PasswordAuthentication no
KbdInteractiveAuthentication no
HostbasedAuthentication no
GSSAPIAuthentication no
PermitEmptyPasswords no
HostKeyAlgorithms ssh-ed25519
PubkeyAcceptedAlgorithms ssh-ed25519
KexAlgorithms sntrup761x25519-sha512@openssh.com,curve25519-sha256,curve25519-sha256@libssh.org
Ciphers aes128-gcm@openssh.com,aes256-gcm@openssh.com
MACs hmac-sha2-256-etm@openssh.com
RekeyLimit ${limits.rekeyBytes} ${Math.max(1, Math.ceil(limits.rekeyAfterMs / 1_000))}
AuthorizedKeysFile none
${keysCommandLine(keysCommand, 0)}
AuthorizedKeysCommandUser ${accounts.keys}
AuthorizedPrincipalsFile none
TrustedUserCAKeys none
MaxAuthTries ${limits.authAttempts}
LoginGraceTime ${Math.ceil(limits.handshakeTimeoutMs / 1_000) + GRACE_SECONDS}
Subsystem ${ENROL_SUBSYSTEM} ${ENROL_SUBSYSTEM}
MaxSessions 0
ForceCommand /usr/sbin/nologin
AllowTcpForwarding no
PermitTTY no
PermitUserRC no
PermitUserEnvironment no
AllowAgentForwarding no
AllowStreamLocalForwarding no
X11Forwarding no
PermitTunnel no
GatewayPorts no
TCPKeepAlive yes
ClientAliveInterval ${KEEPALIVE.keepaliveInterval / 1_000}
ClientAliveCountMax ${KEEPALIVE.keepaliveCountMax}
UseDNS no
Compression no
PrintMotd no
PrintLastLog no
VersionAddendum none
LogLevel VERBOSE

Match User ${accounts.tunnel}
    # not of the other one: a VMA that was revoked may ask, and is told so
    RevokedKeys ${revokedKeysFile}
    AllowTcpForwarding yes
    PermitOpen 127.0.0.1:*
    PermitListen 127.0.0.1:*

Match User ${accounts.enrol}
    MaxSessions 1
    # the command is that of the key line
    ForceCommand none
`;
}
