import { MigrationError } from '@ossea/errors';

/** sun_path of unix(7) holds 108 bytes with the closing zero. */
const MAX_SOCKET_PATH_BYTES = 107;

/** Gives the path back; throws `config.invalid` when a Unix socket cannot have it. */
export function checkedSocketPath(path: string): string {
  if (Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES) return path;
  throw new MigrationError(
    'config.invalid',
    `The directory is too deep: a socket in it would have a path of more than ${MAX_SOCKET_PATH_BYTES} bytes.`,
    { context: { path } },
  );
}
