import { VERSIONS } from './generated/schema.js';
import { childOf, type XmlElement } from './xml-reader.js';

/** What every server that is supported understands: for the question that tells the version, where nothing else does. */
export const FIRST_VERSION = '6.0';

/**
 * The newest version of the API that server and schema both know. An older one would make the server show newer
 * devices (a virtual TPM, NVMe) as their base types.
 * @param offered what the server says it speaks, in any order.
 */
export function chooseVersion(offered: readonly string[]): string {
  const newest = offered.reduce((best, one) => (compare(one, best) > 0 ? one : best), '0');
  // A server lists its prior versions; where only one is known, anything older that the schema has will do.
  const usable = VERSIONS.filter((known) =>
    offered.length > 1 ? offered.includes(known) : compare(known, newest) <= 0,
  );
  return usable.at(-1) ?? FIRST_VERSION;
}

/** The versions of `urn:vim25` in `/sdk/vimServiceVersions.xml`, the present one and the prior ones. */
export function offeredVersions(document: XmlElement): string[] {
  const vim = document.children.find((namespace) => childOf(namespace, 'name')?.text.trim() === 'urn:vim25');
  const prior = childOf(vim, 'priorVersions')?.children ?? [];
  return [childOf(vim, 'version'), ...prior].flatMap((version) => {
    const text = version?.text.trim() ?? '';
    return /^\d+(\.\d+)*$/.test(text) ? [text] : [];
  });
}

function compare(one: string, other: string): number {
  const [a, b] = [one.split('.').map(Number), other.split('.').map(Number)];
  for (let i = 0; i < Math.max(a.length, b.length); i += 1) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
