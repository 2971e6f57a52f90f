import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerText } from './answer-text.js';
import type { RequestHandler } from './request-handler.js';
import { RequestLog } from './request-log.js';
import { requestParameters } from './request-parameters.js';

const PATH = '/client/api';
/** User data may be up to 1 MiB, and is longer when it is encoded. */
const MAX_FORM_BYTES = 4 << 20;

export interface ApiServerOptions {
  readonly handler: RequestHandler;
  readonly version: () => string;
  /** Of a failure of the simulator itself. */
  readonly failed: (error: unknown) => void;
}

/** The API on HTTP, at a free port of the loopback. */
export class ApiServer {
  readonly log = new RequestLog();
  private readonly server: Server;

  constructor(private readonly options: ApiServerOptions) {
    this.server = createServer((request, response) => {
      this.serve(request, response).catch((error: unknown) => {
        options.failed(error);
        response.destroy();
      });
    });
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(0, '127.0.0.1', resolve);
    });
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  get url(): string {
    return `${this.origin}${PATH}`;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.server.closeAllConnections();
    await closed;
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.origin);
    // where the links to consoles lead
    if (url.pathname.startsWith('/resource/')) return html(response, 200, 'Console');
    if (url.pathname !== PATH) return html(response, 404, 'Not found');
    const method = request.method === 'POST' ? 'POST' : 'GET';
    const form = method === 'POST' ? await formOf(request) : '';
    const parameters = requestParameters(url.search, form);
    const entry = this.log.begin(method, parameters);
    const outcome = await this.options.handler.handle(parameters, entry);
    if (outcome.kind === 'cut') return void response.destroy();
    entry.answered = outcome.status;
    if (outcome.kind === 'html') return html(response, outcome.status, 'The server did not answer in time');
    const { contentType, text } = answerText(outcome.envelope, outcome.payload, {
      json: parameters.get('response')?.toLowerCase() === 'json',
      version: this.options.version(),
    });
    const words = outcome.payload['errortext'];
    response.statusCode = outcome.status;
    response.setHeader('Content-Type', contentType);
    if (typeof words === 'string') response.setHeader('X-Description', words.replace(/[^\x20-\x7e]/g, '?'));
    response.end(text);
  }
}

function html(response: ServerResponse, status: number, words: string): void {
  response.statusCode = status;
  response.setHeader('Content-Type', 'text/html; charset=utf-8');
  response.end(`<html><head><title>${words}</title></head><body><h1>${words}</h1></body></html>`);
}

/** The form of a request; a body of another type is none. */
async function formOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_FORM_BYTES) throw new Error('the form is too long');
    chunks.push(chunk);
  }
  const type = request.headers['content-type'] ?? '';
  return type.startsWith('application/x-www-form-urlencoded') ? Buffer.concat(chunks).toString('utf8') : '';
}
