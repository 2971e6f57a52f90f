import { open } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { pipeline } from 'node:stream/promises';
import type { KeyAndCertificate } from './certificates.js';

export interface SeenRequest {
  readonly method: string;
  readonly host: string;
  readonly servername: string;
  readonly offset: number;
  readonly status: number;
}

/** The part of a vCenter that serves files of datastores: `/folder`, with a session and with ranges. */
export interface DatastoreServer extends AsyncDisposable {
  readonly port: number;
  readonly seen: SeenRequest[];
  /** The cookie that is accepted now. */
  cookie: string;
  /** Answers everything with this status. */
  status: number | undefined;
  /** Called before a request is judged. */
  onRequest: ((offset: number) => void) | undefined;
}

/**
 * @param files by `dcPath|dsName|path`, as people write them; the server decodes the path once and the others twice,
 * as vCenter does.
 */
export async function serveDatastores(
  { key, cert }: KeyAndCertificate,
  files: Readonly<Record<string, string>>,
): Promise<DatastoreServer> {
  const server = createServer({ key, cert });
  server.on('request', (request, response) => {
    answer(state, files, request, response).catch(() => response.destroy());
  });
  const state: DatastoreServer = {
    port: 0,
    seen: [],
    cookie: 'vmware_soap_session="first"',
    status: undefined,
    onRequest: undefined,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(state, { port: (server.address() as AddressInfo).port });
}

async function answer(
  state: DatastoreServer,
  files: Readonly<Record<string, string>>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = '', url = '', headers } = request;
  const range = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '');
  const offset = range ? Number(range[1]) : 0;
  state.onRequest?.(offset);
  const file = files[wantedBy(url)];
  const status =
    state.status ?? (headers.cookie !== state.cookie ? 401 : file === undefined ? 404 : range ? 206 : 200);
  const servername = (request.socket as TLSSocket).servername;
  state.seen.push({ method, host: headers.host ?? '', servername: String(servername || ''), offset, status });
  if (status >= 400 || file === undefined) return void response.writeHead(status).end();
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    response.setHeader('accept-ranges', 'bytes');
    const end = Math.min(range ? Number(range[2]) : size - 1, size - 1);
    response.writeHead(status, {
      'content-length': method === 'HEAD' ? size : end - offset + 1,
      ...(range ? { 'content-range': `bytes ${offset}-${end}/${size}` } : {}),
    });
    if (method === 'HEAD') return void response.end();
    const stream = handle.createReadStream({ start: offset, end, highWaterMark: 1 << 20, autoClose: false });
    await pipeline(stream, response);
  } finally {
    await handle.close();
  }
}

function wantedBy(url: string): string {
  const [path = '', query = ''] = url.split('?');
  const values = new Map(query.split('&').map((pair) => pair.split('=') as [string, string]));
  const twice = (name: string): string => decodeURIComponent(decodeURIComponent(values.get(name) ?? ''));
  return `${twice('dcPath')}|${twice('dsName')}|${decodeURIComponent(path.replace(/^\/folder\//, ''))}`;
}
