import { bareHost, type SnapshotDisk, type TransportHost } from './disk-transport.js';

/** What a parameter of the configured reader may hold. The password is there as the path of a file and not otherwise. */
export const PLACEHOLDERS = [
  'server',
  'port',
  'user',
  'passwordFile',
  'vm',
  'snapshot',
  'file',
  'datastore',
  'datacenter',
  'sha1',
  'sha256',
] as const;
export type Placeholder = (typeof PLACEHOLDERS)[number];

const PLACEHOLDER = /\{([a-zA-Z0-9_]+)\}/g;
const SECRET_NAME = /pass(?:word|wd|phrase)?$|secret|token|cookie/i;

/** The placeholders in a template that mean nothing here. */
export function unknownPlaceholders(template: string): string[] {
  return [...template.matchAll(PLACEHOLDER)]
    .filter(([, name]) => !(PLACEHOLDERS as readonly string[]).includes(name!))
    .map(([text]) => text);
}

/** Whether a parameter whose name speaks of a secret gets it from the file, as command lines can be read by all. */
export function readsSecretsByFile(name: string, template: string): boolean {
  return !SECRET_NAME.test(name) || template.includes('{passwordFile}');
}

/** The values for one disk. */
export function valuesFor(
  host: TransportHost,
  disk: SnapshotDisk,
  passwordFile: string,
): Readonly<Record<Placeholder, string>> {
  return {
    server: bareHost(host),
    port: String(host.port),
    user: host.username,
    passwordFile,
    vm: disk.vm,
    snapshot: disk.snapshot,
    file: disk.fileName,
    datastore: disk.datastore.name,
    datacenter: disk.datastore.datacenterPath,
    sha1: host.certificate.sha1,
    sha256: host.certificate.sha256,
  };
}

/** Fills a template in once: what a value holds is never taken for a placeholder. */
export function fillIn(template: string, values: Readonly<Record<Placeholder, string>>): string {
  return template.replace(PLACEHOLDER, (text, name: string) => values[name as Placeholder] ?? text);
}
