/**
 * A name as people wrote it: vCenter stores `/`, `\` and `%` in names of inventory objects as `%2f`, `%5c` and `%25`
 * (vSphere Web Services API reference: ManagedEntity.name). Anything else that looks like an escape is part of the name.
 */
export function decodeVimName(name: string): string {
  return name.replace(/%(2f|5c|25)/gi, (_all, code: string) => String.fromCharCode(parseInt(code, 16)));
}
