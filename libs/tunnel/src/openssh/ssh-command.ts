import { MigrationError } from '@ossea/errors';
import { ALGORITHMS, KEEPALIVE, TUNNEL_USER, type TunnelEndpoints } from '../algorithms.js';
import type { AgentEndpoint } from '../client-options.js';

/** The name that the server has in our file of known hosts: it is known by its key, wherever it stands. */
export const HOST_ALIAS = 'ossea-oma';

const HOST = /^[A-Za-z0-9_.:%][A-Za-z0-9_.:%-]*$/;
/** In a forwarding a colon separates; a blank or a percent sign means something in an option. */
const PLAIN_PATH = /^\/[A-Za-z0-9._/-]+$/;

export interface SshCommandInput {
  readonly host: string;
  readonly port: number;
  readonly identityFile: string;
  readonly knownHostsFile: string;
  readonly nbdSocketPath: string;
  readonly agent: AgentEndpoint | undefined;
  readonly endpoints: TunnelEndpoints;
  readonly connectTimeoutMs: number;
}

/**
 * The arguments of ssh(1) for a VMA's tunnel: nobody's configuration, one key, one host key, two forwardings or none.
 * Throws `config.invalid` for what would mean something else to ssh.
 */
export function sshArguments(input: SshCommandInput): string[] {
  const { host, port, identityFile, knownHostsFile, nbdSocketPath, agent, endpoints } = input;
  if (!HOST.test(host)) throw wrong('oma.host: expected a name or an address of the OMA');
  for (const path of [
    identityFile,
    knownHostsFile,
    nbdSocketPath,
    ...(agent && 'path' in agent ? [agent.path] : []),
  ])
    if (!PLAIN_PATH.test(path))
      throw wrong('stateDir, runDir: expected paths of plain characters for openssh');
  const options = [
    'BatchMode=yes',
    'IdentitiesOnly=yes',
    'IdentityAgent=none',
    'PreferredAuthentications=publickey',
    'StrictHostKeyChecking=yes',
    `UserKnownHostsFile=${knownHostsFile}`,
    'GlobalKnownHostsFile=none',
    'UpdateHostKeys=no',
    'VerifyHostKeyDNS=no',
    `HostKeyAlias=${HOST_ALIAS}`,
    `HostKeyAlgorithms=${ALGORITHMS.serverHostKey.join(',')}`,
    `KexAlgorithms=${ALGORITHMS.kex.join(',')}`,
    `Ciphers=${ALGORITHMS.cipher.join(',')}`,
    'Compression=no',
    'ExitOnForwardFailure=yes',
    'StreamLocalBindUnlink=yes',
    'StreamLocalBindMask=0177',
    `ServerAliveInterval=${KEEPALIVE.keepaliveInterval / 1_000}`,
    `ServerAliveCountMax=${KEEPALIVE.keepaliveCountMax}`,
    `ConnectTimeout=${Math.max(1, Math.ceil(input.connectTimeoutMs / 1_000))}`,
    'ControlMaster=no',
    'ControlPath=none',
    'ForwardAgent=no',
    'ForwardX11=no',
    'PermitLocalCommand=no',
  ].flatMap((option) => ['-o', option]);
  const { nbd } = endpoints;
  const target = agent && ('path' in agent ? agent.path : `127.0.0.1:${agent.port}`);
  return [
    // it says on its standard error when the tunnel stands
    '-v',
    ...['-F', 'none', '-N', '-T', ...options],
    ...['-L', `${nbdSocketPath}:${nbd.host}:${nbd.port}`],
    ...(target === undefined ? [] : ['-R', `${endpoints.agent.host}:${endpoints.agent.port}:${target}`]),
    ...['-i', identityFile, '-p', String(port), '-l', TUNNEL_USER, '--', host],
  ];
}

/** What ssh's last words mean. */
export function sshFailure(
  lines: readonly string[],
  { host, port }: { host: string; port: number },
): MigrationError {
  const said = lines.join('\n');
  if (/REMOTE HOST IDENTIFICATION HAS CHANGED|Host key verification failed/.test(said))
    return new MigrationError('tunnel.host-key-changed', 'The tunnel server shows another host key.');
  if (/Permission denied/.test(said))
    return new MigrationError(
      'auth.rejected',
      `The tunnel server does not accept our key for ${TUNNEL_USER}.`,
    );
  if (/forwarding failed|forward failure/i.test(said))
    return new MigrationError('tunnel.down', 'The tunnel server refused the listener for our agent.');
  const last =
    lines
      .filter((line) => !line.startsWith('debug1:'))
      .at(-1)
      ?.slice(0, 200) ?? 'ssh has ended';
  return new MigrationError('peer.unreachable', `The tunnel to ${host}:${port} did not come up: ${last}`);
}

function wrong(what: string): MigrationError {
  return new MigrationError('config.invalid', what);
}
