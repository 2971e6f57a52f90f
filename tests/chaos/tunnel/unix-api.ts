import { request } from 'node:http';

/** The OMA's API behind a Unix socket. */
export class UnixApi {
  token = '';

  constructor(private readonly socketPath: string) {}

  /** Throws unless the answer is a success, or when it takes too long. */
  call<T>(path: string, body?: object, timeoutMs = 10_000): Promise<T> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const outgoing = request(
        {
          socketPath: this.socketPath,
          path: `/api/v1/${path}`,
          method: text === undefined ? 'GET' : 'POST',
          agent: false,
          signal: AbortSignal.timeout(timeoutMs),
          headers: {
            host: 'localhost',
            ...(this.token === '' ? {} : { authorization: `Bearer ${this.token}` }),
            ...(text === undefined ? {} : { 'content-type': 'application/json' }),
          },
        },
        (incoming) => {
          let answer = '';
          incoming.setEncoding('utf8').on('data', (data: string) => (answer += data));
          incoming.once('error', reject);
          incoming.once('end', () => {
            const { statusCode = 0 } = incoming;
            if (statusCode >= 400)
              reject(new Error(`${path} answered ${statusCode}: ${answer.slice(0, 500)}`));
            else resolve(JSON.parse(answer) as T);
          });
        },
      );
      outgoing.once('error', reject);
      outgoing.end(text);
    });
  }
}
