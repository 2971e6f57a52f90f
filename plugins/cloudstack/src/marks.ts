import { createHash } from 'node:crypto';
import { MigrationError } from '@ossea/errors';
import type { CallOptions, IdempotencyKey } from '@ossea/plugin-sdk';
import type { Cloud } from './cloud.js';
import { successSchema, tagSchema, type Tag } from './client/index.js';

const KEY = /^[a-z0-9-]{1,64}$/;
const DIGITS = 12;
const MAX_NAME_CHARS = 200;
const MARK_AT_END = new RegExp(`-(ossea[0-9a-f]{${DIGITS}})$`);

export type Made = 'volume' | 'clone' | 'snapshot' | 'machine' | 'network';

/** CloudStack's names of what can carry tags (createTags, parameter resourcetype). */
const RESOURCE_TYPE: Readonly<Record<Made, string>> = {
  volume: 'Volume',
  clone: 'Volume',
  snapshot: 'Snapshot',
  machine: 'UserVm',
  network: 'Network',
};

/** Tag that holds the key under which something was made. */
export const KEY_TAG = 'ossea-key';
/** Tag of a machine: the id of the root disk that came with it and that alone may be deleted. */
export const DUMMY_ROOT_TAG = 'ossea-dummy-root';
/** Tag of a machine that is put together. */
export const COMPLETE_TAG = 'ossea-complete';

/**
 * What is made carries its key in its name, because a name is given in the very call that makes a thing: whatever
 * becomes of the answer, it can be found again. Tags come a call later.
 */
export function markOf(made: Made, key: IdempotencyKey): string {
  if (!KEY.test(key)) throw new MigrationError('request.invalid', 'A key is 1 to 64 of a-z, 0-9 and "-".');
  return `ossea${createHash('sha256').update(`${made}/${key}`).digest('hex').slice(0, DIGITS)}`;
}

/** A name for people with the mark at its end. CloudStack refuses control characters in any value. */
export function markedName(name: string, mark: string): string {
  const clean =
    name
      .replace(/\p{Cc}/gu, ' ')
      .trim()
      .slice(0, MAX_NAME_CHARS) || 'disk';
  return `${clean}-${mark}`;
}

export function carries(name: string | undefined, mark: string): boolean {
  return name?.endsWith(`-${mark}`) ?? false;
}

/** The mark at the end of a name, where it has one. */
export function markIn(name: string): string | undefined {
  return MARK_AT_END.exec(name)?.[1];
}

/** Of two that one request has made, the first one is kept. */
export function oldestFirst(a: Dated, b: Dated): number {
  return (a.created?.getTime() ?? 0) - (b.created?.getTime() ?? 0) || (a.id < b.id ? -1 : 1);
}

interface Dated {
  readonly id: string;
  readonly created?: Date | undefined;
}

export function tagOf(
  thing: { readonly tags?: readonly Tag[] | undefined },
  key: string,
): string | undefined {
  return thing.tags?.find((tag) => tag.key === key)?.value;
}

/** The tags that a resource lacks are set; what is set stays. A second writer of the same tag is no error. */
export async function tag(
  { client }: Cloud,
  made: Made,
  thing: { readonly id: string; readonly tags?: readonly Tag[] | undefined },
  wanted: Readonly<Record<string, string>>,
  options: CallOptions,
): Promise<void> {
  const missing = Object.entries(wanted).filter(([key, value]) => tagOf(thing, key) !== value);
  if (missing.length === 0) return;
  const resourcetype = RESOURCE_TYPE[made];
  const tags = missing.map(([key, value]) => ({ key, value }));
  try {
    await client.job('createTags', { resourceids: [thing.id], resourcetype, tags }, successSchema, options);
  } catch (fault) {
    // the answer may have been lost, or the request doubled on its way
    const present = await client.list('listTags', { resourceid: thing.id, resourcetype }, tagSchema, options);
    if (!missing.every(([key, value]) => present.some((one) => one.key === key && one.value === value)))
      throw fault;
  }
}
