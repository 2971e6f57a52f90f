import type {
  ApiToken,
  AuditEvent,
  Connection,
  DiscoveredVm,
  FailoverRun,
  Finding,
  Job,
  LogEvent,
  NetworkMapping,
  Plugin,
  PluginFile,
  RecoveryPoint,
  SecretKeys,
  PairingCodeRecord,
  TargetNetwork,
  Tunnel,
  TunnelEvent,
  User,
  VmContext,
  Vma,
} from '@ossea/api-contract';
import type { z } from 'zod';
import { bytes, seconds, type Column } from './table.js';

type Columns<T> = readonly Column<T>[];

export const VMA: Columns<Vma> = [
  { head: 'id', cell: ({ id }) => id },
  { head: 'name', cell: ({ name }) => name },
  { head: 'state', cell: ({ state }) => state },
  { head: 'connected', cell: ({ connected }) => connected },
  { head: 'fingerprint', cell: ({ fingerprint }) => fingerprint },
  { head: 'words', cell: ({ words }) => words },
  { head: 'last seen', cell: ({ lastSeenAt }) => lastSeenAt },
];

export const PAIRING_CODE: Columns<PairingCodeRecord> = [
  { head: 'id', cell: ({ id }) => id },
  { head: 'name', cell: ({ name }) => name },
  { head: 'state', cell: ({ state }) => state },
  { head: 'wrong tries', cell: ({ tries }) => tries },
  { head: 'ends at', cell: ({ expiresAt }) => expiresAt },
  { head: 'used by', cell: ({ usedByVmaId }) => usedByVmaId },
];

export const TUNNEL: Columns<Tunnel> = [
  { head: 'vma', cell: ({ vmaName }) => vmaName },
  { head: 'state', cell: ({ state }) => state },
  { head: 'since', cell: ({ since }) => since },
  { head: 'connections', cell: ({ connections }) => connections },
  { head: 'ms to vma', cell: ({ rttMs }) => rttMs.toVma },
  { head: 'ms to oma', cell: ({ rttMs }) => rttMs.toOma },
  { head: 'because', cell: ({ because }) => because },
];

export const TUNNEL_EVENT: Columns<TunnelEvent> = [
  { head: 'at', cell: ({ at }) => at },
  { head: 'state', cell: ({ state }) => state },
  { head: 'direction', cell: ({ direction }) => direction },
  { head: 'because', cell: ({ because }) => because },
];

export const USER: Columns<User> = [
  { head: 'id', cell: ({ id }) => id },
  { head: 'name', cell: ({ name }) => name },
  { head: 'role', cell: ({ role }) => role },
  { head: 'state', cell: ({ state }) => state },
  { head: 'last signed in', cell: ({ lastSignInAt }) => lastSignInAt },
];

export const API_TOKEN: Columns<ApiToken> = [
  { head: 'id', cell: ({ id }) => id },
  { head: 'owner', cell: ({ owner }) => owner },
  { head: 'name', cell: ({ name }) => name },
  { head: 'may', cell: ({ scopes }) => scopes.join(' ') },
  { head: 'last used', cell: ({ lastUsedAt }) => lastUsedAt },
  { head: 'ends at', cell: ({ expiresAt }) => expiresAt },
];

export const PLUGIN_FILE: Columns<PluginFile> = [
  { head: 'plugin', cell: ({ plugin }) => plugin },
  { head: 'file', cell: ({ file }) => file },
  { head: 'title', cell: ({ title }) => title },
  { head: 'installed', cell: ({ installedAt }) => installedAt ?? 'no' },
];

export const PLUGIN: Columns<Plugin> = [
  { head: 'id', cell: ({ id }) => id },
  { head: 'kind', cell: ({ kind }) => kind },
  { head: 'name', cell: ({ displayName }) => displayName },
  { head: 'contract', cell: ({ contract }) => contract },
  { head: 'capabilities', cell: ({ capabilities }) => capabilities.join(' ') },
];

export const CONNECTION: Columns<Connection> = [
  { head: 'id', cell: ({ id }) => id },
  { head: 'name', cell: ({ name }) => name },
  { head: 'kind', cell: ({ kind }) => kind },
  { head: 'plugin', cell: ({ pluginId }) => pluginId },
  { head: 'vma', cell: ({ vmaId }) => vmaId },
];

export const DISCOVERED_VM: Columns<DiscoveredVm> = [
  { head: 'id', cell: ({ id }) => id },
  { head: 'name', cell: ({ name }) => name },
  { head: 'power', cell: ({ power }) => power },
  { head: 'managed as', cell: ({ contextId }) => contextId },
];

export const VM: Columns<VmContext> = [
  { head: 'id', cell: ({ id }) => id },
  { head: 'name', cell: ({ name }) => name },
  { head: 'state', cell: ({ state, origin }) => (origin === undefined ? state : `${state} (${origin})`) },
  { head: 'disks', cell: ({ disks }) => bytes(disks.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)) },
  { head: 'last cycle', cell: ({ lastCycle }) => lastCycle?.kind },
  { head: 'moved', cell: ({ lastCycle }) => bytes(lastCycle?.bytesMoved) },
  { head: 'sealed at', cell: ({ lastCycle }) => lastCycle?.sealedAt },
  { head: 'job', cell: ({ activeJobId }) => activeJobId },
];

export const NETWORK: Columns<TargetNetwork> = [
  { head: 'ref', cell: ({ ref }) => ref },
  { head: 'name', cell: ({ name }) => name },
  { head: 'isolated', cell: ({ isolated }) => isolated },
];

export const MAPPING: Columns<NetworkMapping> = [
  { head: 'source network', cell: ({ sourceNetwork }) => sourceNetwork },
  { head: 'live', cell: ({ liveNetwork }) => liveNetwork },
  { head: 'test', cell: ({ testNetwork }) => testNetwork },
];

export const POINT: Columns<RecoveryPoint> = [
  { head: 'number', cell: ({ sequence }) => sequence },
  { head: 'kind', cell: ({ kind }) => kind },
  { head: 'state', cell: ({ state }) => state },
  { head: 'sealed at', cell: ({ sealedAt }) => sealedAt },
  { head: 'changed', cell: ({ bytesChanged }) => bytes(bytesChanged) },
  { head: 'moved', cell: ({ bytesMoved }) => bytes(bytesMoved) },
  { head: 'took', cell: ({ durationMs }) => seconds(durationMs) },
  { head: 'verified', cell: ({ verified }) => verified?.at },
];

export const RUN: Columns<FailoverRun> = [
  { head: 'id', cell: ({ id }) => id },
  { head: 'kind', cell: ({ kind }) => kind },
  { head: 'state', cell: ({ state }) => state },
  { head: 'point', cell: ({ pointSequence }) => pointSequence },
  { head: 'booted', cell: ({ verdict }) => bootedOf(verdict) },
  { head: 'downtime', cell: ({ downtimeMs }) => seconds(downtimeMs) },
  { head: 'started at', cell: ({ startedAt }) => startedAt },
  { head: 'ended at', cell: ({ endedAt }) => endedAt },
];

export const FINDING: Columns<z.infer<typeof Finding>> = [
  { head: 'severity', cell: ({ severity }) => severity },
  { head: 'code', cell: ({ code }) => code },
  { head: 'what', cell: ({ message }) => message },
  { head: 'remedy', cell: ({ remedy }) => remedy },
];

export const SECRET_KEY: Columns<SecretKeys['items'][number]> = [
  { head: 'key', cell: ({ id }) => id },
  { head: 'seals', cell: ({ current }) => current },
  { head: 'here', cell: ({ present }) => present },
  { head: 'secrets', cell: ({ secrets }) => secrets },
];

export const JOB: Columns<Job> = [
  { head: 'id', cell: ({ id }) => id },
  { head: 'kind', cell: ({ kind }) => kind },
  { head: 'state', cell: ({ state }) => state },
  { head: 'done', cell: ({ percent }) => `${Math.floor(percent)} %` },
  { head: 'machine', cell: ({ contextId }) => contextId },
  { head: 'by', cell: ({ requestedBy }) => requestedBy },
  { head: 'created at', cell: ({ createdAt }) => createdAt },
  { head: 'took', cell: ({ startedAt, endedAt }) => seconds(between(startedAt, endedAt)) },
];

export const STEP: Columns<NonNullable<Job['steps']>[number]> = [
  { head: 'step', cell: ({ name }) => name },
  { head: 'state', cell: ({ state }) => state },
  { head: 'took', cell: ({ startedAt, endedAt }) => seconds(between(startedAt, endedAt)) },
  { head: 'what', cell: ({ label }) => label },
];

export const AUDIT: Columns<AuditEvent> = [
  { head: 'row', cell: ({ seq }) => seq },
  { head: 'at', cell: ({ at }) => at },
  { head: 'who', cell: ({ actorName }) => actorName },
  { head: 'from', cell: ({ address }) => address },
  { head: 'action', cell: ({ action, outcome }) => (outcome === 'done' ? action : `${action} (${outcome})`) },
  { head: 'on', cell: ({ subjectId }) => subjectId },
];

export const LOG: Columns<LogEvent> = [
  { head: 'at', cell: ({ at }) => at },
  { head: 'level', cell: ({ level }) => level },
  { head: 'step', cell: ({ step }) => step },
  { head: 'message', cell: ({ message }) => message },
];

function between(from: string | undefined, to: string | undefined): number | undefined {
  return from === undefined || to === undefined ? undefined : Date.parse(to) - Date.parse(from);
}

function bootedOf(verdict: Record<string, unknown> | undefined): boolean | undefined {
  const booted = verdict?.['booted'];
  return typeof booted === 'boolean' ? booted : undefined;
}
