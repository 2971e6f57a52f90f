const MAX_CHARS = 63;

/**
 * A host name from a machine's name: letters, digits and hyphens, at most 63, beginning with a letter and ending with
 * none (RFC 1123, and CloudStack refuses a digit in front).
 */
export function hostNameOf(name: string): string {
  const clean = name
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9-]+/g, '-')
    .replace(/^[^A-Za-z]+/, '')
    .slice(0, MAX_CHARS)
    .replace(/-+$/, '');
  return clean === '' ? 'machine' : clean;
}
