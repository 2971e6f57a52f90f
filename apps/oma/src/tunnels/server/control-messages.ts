import { z } from 'zod';

/*
 * What the OMA and its tunnel server say to each other over a Unix socket, one JSON document a line. The server process
 * knows nothing by itself: who may come in, and what an enrolment is answered, is the OMA's affair.
 */

const Text = z.string().min(1).max(4096);

/** What the tunnel server is started with, on its standard input: it holds the host key. */
export const ServerStart = z.strictObject({
  /** The OMA's Unix socket. */
  controlPath: Text,
  /** Proves to the OMA that the process at the other end is the one it started. */
  nonce: Text,
  hostKey: Text,
  host: Text,
  port: z.int().min(0).max(65_535),
  transport: z.enum(['ssh2', 'openssh']),
  opensshDir: Text,
});
export type ServerStart = z.infer<typeof ServerStart>;

export const IdentityMessage = z.strictObject({
  id: Text,
  publicKey: Text,
  nbdSocketPath: Text,
  agentSocketPath: Text,
  agentPort: z.int().min(0).max(65_535),
  nbdPort: z.int().min(1).max(65_535).optional(),
  /** Milliseconds since 1970 from which on the key is refused. */
  expiresAtMs: z.number().optional(),
});
export type IdentityMessage = z.infer<typeof IdentityMessage>;

const EnrolPeerMessage = z.strictObject({ publicKey: Text, fingerprint: Text, address: z.string() });

export const ToServer = z.discriminatedUnion('type', [
  /** The whole table: who is not in it is refused from now on, and cut if connected. Answered by `applied`. */
  z.strictObject({ type: z.literal('identities'), revision: z.int(), identities: z.array(IdentityMessage) }),
  /** Cuts the live connections of one VMA, so that it dials anew. */
  z.strictObject({ type: z.literal('cut'), id: Text }),
  z.strictObject({
    type: z.literal('enrol-answer'),
    request: z.int(),
    answer: z.union([
      z.strictObject({ value: z.unknown() }),
      z.strictObject({ problem: z.record(z.string(), z.unknown()) }),
    ]),
  }),
  z.strictObject({ type: z.literal('ping'), count: z.int() }),
]);
export type ToServer = z.infer<typeof ToServer>;

export const FromServer = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('hello'), nonce: Text }),
  z.strictObject({ type: z.literal('listening'), port: z.int(), nativeCrypto: z.boolean() }),
  /** It cannot listen and ends; `code` is the system's, such as EADDRINUSE, or one of ours, such as config.invalid. */
  z.strictObject({ type: z.literal('failed'), code: z.string(), message: z.string() }),
  z.strictObject({ type: z.literal('applied'), revision: z.int() }),
  z.strictObject({ type: z.literal('pong'), count: z.int() }),
  z.strictObject({
    type: z.literal('connected'),
    id: Text,
    publicKey: Text,
    address: z.string(),
    connection: z.int(),
  }),
  z.strictObject({ type: z.literal('disconnected'), id: Text, connection: z.int(), bytes: z.number() }),
  /** What each connection has carried so far, both ways; told with every pong. */
  z.strictObject({
    type: z.literal('traffic'),
    connections: z.array(z.strictObject({ id: Text, connection: z.int(), bytes: z.number() })),
  }),
  /** Without a port where one was asked for, another program holds it. */
  z.strictObject({ type: z.literal('agent-listening'), id: Text, port: z.int().optional() }),
  z.strictObject({
    type: z.literal('refused'),
    id: Text.optional(),
    address: z.string(),
    what: z.string(),
  }),
  z.strictObject({
    type: z.literal('enrol'),
    request: z.int(),
    body: z.unknown(),
    peer: EnrolPeerMessage,
  }),
]);
export type FromServer = z.infer<typeof FromServer>;
/** What happens at the tunnel; the rest is between the two processes. */
export type TunnelEvent = Extract<
  FromServer,
  { readonly type: 'connected' | 'disconnected' | 'agent-listening' | 'refused' | 'traffic' }
>;
