import { AGENT_PROOF_PATH } from './agent-proof.js';

/** Major version of what the two appliances say to each other; another one is refused with `agent.version`. */
export const AGENT_PROTOCOL_VERSION = 1;

/** Open to everyone who reaches the port, so it says nothing but that somebody is there. */
export const AGENT_HEALTH_PATH = '/api/v1/health';

const part = encodeURIComponent;

/** Addresses of the agent's API (the VMA's 8081, which the tunnel offers the OMA). All but health and proof need an agent token. */
export const agentPaths = {
  health: AGENT_HEALTH_PATH,
  info: '/api/v1/info',
  /** GET: a signature by the key of the VMA's tunnel. */
  proof: (nonce: string) => `${AGENT_PROOF_PATH}?nonce=${part(nonce)}`,
  /** GET: a `TunnelReport`. */
  tunnel: '/api/v1/tunnel',
  /** PUT opens (or finds open) a session, DELETE closes it. */
  session: (session: string) => `/api/v1/sessions/${part(session)}`,
  /** POST with the call's parameters as JSON. */
  call: (session: string, name: string) => `/api/v1/sessions/${part(session)}/calls/${part(name)}`,
  /** DELETE gives a lease back; one that is gone already is success. */
  lease: (session: string, lease: string) => `/api/v1/sessions/${part(session)}/leases/${part(lease)}`,
  /** PUT starts or joins a copy, DELETE stops it and answers when it has stopped. */
  copy: (copy: string) => `/api/v1/copies/${part(copy)}`,
  /** GET: one `CopyEvent` a line until the copy has ended. */
  copyEvents: (copy: string) => `/api/v1/copies/${part(copy)}/events`,
  /** GET: the bytes of the journal, as the copy-engine port describes them. */
  copyJournal: (copy: string) => `/api/v1/copies/${part(copy)}/journal`,
  /** DELETE with `?prefix=`: stops and forgets every copy whose id begins so, and deletes its journal. */
  copies: '/api/v1/copies',
  /** GET: what plugins want brought, and what was. */
  pluginFiles: '/api/v1/plugin-files',
  /** PUT with a piece of the archive, in order. */
  pluginFile: (plugin: string, file: string) => `/api/v1/plugin-files/${part(plugin)}/${part(file)}`,
  /** POST: unpacks what has arrived. */
  installPluginFile: (plugin: string, file: string) =>
    `/api/v1/plugin-files/${part(plugin)}/${part(file)}/install`,
  /** POST: an `OfferedKey`. */
  keyRotation: '/api/v1/key-rotation',
  /** POST with a `UseKey`: dials anew with it. */
  useKey: '/api/v1/key-rotation/use',
  /** POST with a `NextHostKey`, which comes back as acknowledgement. */
  hostKey: '/api/v1/host-key',
  /** POST: keeps a signed head of the OMA's audit log. */
  auditAnchors: '/api/v1/audit-anchors',
} as const;

/** Header that carries the correlation id of the job that a call belongs to. */
export const CORRELATION_HEADER = 'x-correlation-id';
/** Both appliances say their protocol version in this header of every request and answer. */
export const PROTOCOL_HEADER = 'x-agent-protocol';
/** Media type of streamed answers: one JSON document a line. */
export const NDJSON = 'application/x-ndjson';
