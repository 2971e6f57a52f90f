import { HttpClient } from '@angular/common/http';
import { Injectable, inject } from '@angular/core';
import { firstValueFrom } from 'rxjs';
import { ours, toApiError } from './api-error';

/** What a schema of the contract offers here. */
export interface Schema<T> {
  safeParse(value: unknown): { success: true; data: T } | { success: false; error: { message: string } };
}

export type Query = Readonly<Record<string, string | number>>;

/** The only door to the REST API: every answer passes its schema, every failure becomes an `ApiError`. */
@Injectable({ providedIn: 'root' })
export class ApiClient {
  private readonly http = inject(HttpClient);

  get<T>(path: string, schema: Schema<T>, query: Query = {}): Promise<T> {
    return this.call('GET', path, schema, { params: query });
  }

  /** @param key makes the request safe to repeat: the appliance does it once. */
  post<T>(path: string, schema: Schema<T>, body: object, key?: string): Promise<T> {
    return this.call('POST', path, schema, {
      body,
      ...(key === undefined ? {} : { headers: { 'Idempotency-Key': key } }),
    });
  }

  /** For what has nothing to answer. */
  async tell(path: string): Promise<void> {
    try {
      await firstValueFrom(this.http.post(`/api/v1/${path}`, {}));
    } catch (error) {
      throw toApiError(error);
    }
  }

  private async call<T>(method: string, path: string, schema: Schema<T>, options: object): Promise<T> {
    let answer: unknown;
    try {
      answer = await firstValueFrom(this.http.request<unknown>(method, `/api/v1/${path}`, options));
    } catch (error) {
      throw toApiError(error);
    }
    const parsed = schema.safeParse(answer);
    if (parsed.success) return parsed.data;
    console.error(`The answer of ${method} ${path} does not fit the contract.`, parsed.error.message);
    throw ours('peer.protocol', 'The appliance answered with something this console does not know.', true);
  }
}

/** A fresh key for one intention of a user. (`crypto.randomUUID` does not exist on plain HTTP.) */
export function newIdempotencyKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
