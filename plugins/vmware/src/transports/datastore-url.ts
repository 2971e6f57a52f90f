import { isIPv6 } from 'node:net';

/** `[datastore] directory/disk.vmdk`: a name may hold brackets itself. */
const VMDK = /^\[(.+?)\] +(\S.*)\.vmdk$/;

/** Where the bytes of a flat disk lie: the descriptor `disk.vmdk` has them in `disk-flat.vmdk` beside it. */
export interface FlatFile {
  readonly datastore: string;
  readonly path: string;
}

/** The flat file of a disk; `undefined` for what is no file of a datastore. */
export function flatFileOf(fileName: string, datastoreName: string): FlatFile | undefined {
  const prefix = `[${datastoreName}] `;
  if (datastoreName !== '' && fileName.startsWith(prefix) && fileName.endsWith('.vmdk')) {
    const path = fileName.slice(prefix.length, -'.vmdk'.length);
    return path === '' ? undefined : { datastore: datastoreName, path: `${path}-flat.vmdk` };
  }
  const match = VMDK.exec(fileName);
  return match ? { datastore: match[1]!, path: `${match[2]!}-flat.vmdk` } : undefined;
}

/**
 * The address of a file of a datastore ("vSphere Web Services SDK Programming Guide", access by HTTP). The path is
 * encoded once; `dcPath` and `dsName` twice, because the server decodes them twice: with `+` or `%` in a name
 * nothing else finds it (so does virt-v2v since 2026). The slashes of a datacenter's path stay as they are, which
 * decodes to the same once or twice.
 * @param host a name or an address, as the certificate has it.
 */
export function folderUrl(
  { host, port }: { readonly host: string; readonly port: number },
  { datastore, path }: FlatFile,
  datacenterPath: string,
): string {
  const authority = `${isIPv6(host) ? `[${host}]` : host}${port === 443 ? '' : `:${port}`}`;
  const dcPath = datacenterPath.split('/').map(twice).join('/');
  return `https://${authority}/folder/${path.split('/').map(encode).join('/')}?dcPath=${dcPath}&dsName=${twice(datastore)}`;
}

/** As encodeURIComponent, and the five that it leaves alone too: curl and servers differ about them. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

const twice = (text: string): string => encode(encode(text));
