import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: unknown;
}

export interface Given {
  readonly status?: number;
  readonly body?: unknown;
}

type Route = (asked: Asked) => Given;

/** An HTTP server that answers as it is told, and remembers what it was asked. */
export class StubOma implements AsyncDisposable {
  readonly asked: Asked[] = [];
  private readonly routes = new Map<string, Route>();

  private constructor(private readonly server: Server) {}

  static async start(): Promise<StubOma> {
    const server = createServer();
    const stub = new StubOma(server);
    server.on('request', (request, response) => {
      let text = '';
      request.setEncoding('utf8').on('data', (data: string) => (text += data));
      request.once('end', () => {
        const url = new URL(request.url ?? '/', 'http://stub');
        const asked: Asked = {
          method: request.method ?? '',
          path: url.pathname,
          query: Object.fromEntries(url.searchParams),
          headers: request.headers,
          body: text === '' ? undefined : JSON.parse(text),
        };
        stub.asked.push(asked);
        const route = stub.routes.get(`${asked.method} ${asked.path}`);
        const { status = 200, body } = route?.(asked) ?? { status: 404, body: { title: 'no such route' } };
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return stub;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  on(route: string, answer: Given | Route): void {
    this.routes.set(route, typeof answer === 'function' ? answer : () => answer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
