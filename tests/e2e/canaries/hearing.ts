import { textHolds } from '../../stack/canary.js';
import type { Secret } from './secret.js';

interface Said {
  readonly what: string;
  readonly raw: string;
}

/** Calls an API as anybody may, and keeps every answer as it came over the wire. */
export class Hearing {
  readonly said: Said[] = [];
  baseUrl = '';
  readonly heard = (what: string, raw: string): void => void this.said.push({ what, raw });

  async call<T = Record<string, unknown>>(
    route: string,
    { token, headers, body }: { token?: string; headers?: Record<string, string>; body?: object } = {},
  ): Promise<{ readonly status: number; readonly headers: Headers; readonly body: T }> {
    const [method = 'GET', path = ''] = route.split(' ');
    const answer = await fetch(`${this.baseUrl}${path}`, {
      method,
      redirect: 'manual',
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    this.heard(route, `${JSON.stringify([...answer.headers])}\n\n${text}`);
    const isJson = (answer.headers.get('content-type') ?? '').includes('json') && text !== '';
    const parsed = (): T => {
      try {
        return JSON.parse(text) as T;
      } catch {
        // an export is a document a line
        return {} as T;
      }
    };
    return { status: answer.status, headers: answer.headers, body: isJson ? parsed() : ({} as T) };
  }

  /** The same where it must be granted. */
  async granted<T = Record<string, unknown>>(
    route: string,
    call: Parameters<Hearing['call']>[1],
  ): Promise<{ readonly headers: Headers; readonly body: T }> {
    const answer = await this.call<T>(route, call);
    if (answer.status >= 400) throw new Error(`${route} answered ${JSON.stringify(answer.body)}`);
    return answer;
  }

  /** What was said that holds a secret. */
  saidWith({ forms }: Secret): Set<string> {
    return new Set(this.said.filter(({ raw }) => textHolds(raw, forms)).map(({ what }) => what));
  }
}
