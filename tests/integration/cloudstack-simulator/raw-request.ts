import { createHmac } from 'node:crypto';
import type { CloudstackSimulator } from '../../simulators/cloudstack/cloudstack-simulator.js';

export interface RawAnswer {
  readonly status: number;
  readonly description: string | null;
  readonly contentType: string | null;
  readonly text: string;
  /** The one envelope, and what is in it. */
  readonly envelope: string;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface RawOptions {
  readonly method?: 'GET' | 'POST';
  /** How the string to sign is made of the pairs; as the server does unless told. */
  readonly stringToSign?: (pairs: readonly (readonly [string, string])[]) => string;
  /** Parameters that are sent and not signed, before the others. */
  readonly unsignedFirst?: readonly (readonly [string, string])[];
  /** With POST: the parameters that go into the form; all of them unless told. */
  readonly inForm?: (name: string) => boolean;
}

type Pairs = readonly (readonly [string, string])[];

const encoded = (value: string): string =>
  encodeURIComponent(value).replace(/[!'()~]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
const joined = (pairs: Pairs): string => pairs.map(([name, value]) => `${name}=${encoded(value)}`).join('&');

/** Names as they are, sorted, and then all of it in lower case. */
export const sortThenLower = (pairs: Pairs): string =>
  joined([...pairs].sort(([a], [b]) => (a < b ? -1 : 1))).toLowerCase();
/** What the vendor's manual says: another string as soon as names differ in case. */
export const lowerThenSort = (pairs: Pairs): string =>
  sortThenLower(pairs.map(([name, value]) => [name.toLowerCase(), value] as const));

/** Sends a request that no client would make, signed as the test says. */
export async function rawRequest(
  simulator: CloudstackSimulator,
  parameters: Readonly<Record<string, string>>,
  options: RawOptions = {},
): Promise<RawAnswer> {
  const { apiKey, secretKey } = simulator.keys.user;
  const pairs = Object.entries({ response: 'json', apiKey, ...parameters });
  const string = (options.stringToSign ?? sortThenLower)(pairs);
  const signature = createHmac('sha1', secretKey).update(string).digest('base64');
  const sent = [...(options.unsignedFirst ?? []), ...pairs, ['signature', signature] as const];
  const post = options.method === 'POST';
  const inForm = options.inForm ?? (() => true);
  const wire = (chosen: Pairs): string =>
    new URLSearchParams(chosen.map(([n, v]): [string, string] => [n, v])).toString();
  const query = wire(sent.filter(([name]) => !post || !inForm(name)));
  const answer = await fetch(`${simulator.url}?${query}`, {
    method: options.method ?? 'GET',
    ...(post && {
      body: wire(sent.filter(([name]) => inForm(name))),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    }),
  });
  const text = await answer.text();
  const parsed = text.startsWith('{') ? (JSON.parse(text) as Record<string, RawAnswer['body']>) : {};
  const envelope = Object.keys(parsed)[0] ?? '';
  return {
    status: answer.status,
    description: answer.headers.get('x-description'),
    contentType: answer.headers.get('content-type'),
    text,
    envelope,
    body: parsed[envelope] ?? {},
  };
}
