import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { PluginFileList, ReceivedPiece } from '@ossea/api-contract';
import type { Answer, ApiClient } from './api/api-client.js';

const PIECE_BYTES = 512 << 10;

/** Sends an archive piece by piece, then has it unpacked. */
export async function uploadArchive(
  api: ApiClient,
  base: string,
  path: string,
): Promise<Answer<PluginFileList>> {
  const file = await open(path);
  const hash = createHash('sha256');
  try {
    const piece = Buffer.alloc(PIECE_BYTES);
    for (let offset = 0; ;) {
      const { bytesRead } = await file.read(piece, 0, PIECE_BYTES, offset);
      if (bytesRead === 0 && offset > 0) break;
      const bytes = piece.subarray(0, bytesRead);
      hash.update(bytes);
      await api.put(base, ReceivedPiece, { offset, base64: bytes.toString('base64') });
      offset += bytesRead;
      if (bytesRead === 0) break;
    }
  } finally {
    await file.close();
  }
  return api.post(`${base}/install`, PluginFileList, { sha256: hash.digest('hex') });
}
