import {
  HttpErrorResponse,
  HttpResponse,
  type HttpEvent,
  type HttpInterceptorFn,
} from '@angular/common/http';
import { Subject, of, throwError, type Observable } from 'rxjs';

/** A request that changes something, waiting for the test's answer. */
export interface Posted {
  readonly url: string;
  readonly body: unknown;
  readonly key: string | null;
  answer(body: unknown): void;
  /** The connection breaks: nobody knows what became of the request. */
  lose(): void;
}

/** The appliance's REST API, played by a test: questions are answered at once, actions when the test says so. */
export class FakeApi {
  readonly posted: Posted[] = [];
  /** Answers to GET by the end of the path. */
  answers: Readonly<Record<string, unknown>> = {};

  readonly interceptor: HttpInterceptorFn = (request) => {
    if (request.method === 'GET') return this.answerTo(request.url);
    const subject = new Subject<HttpEvent<unknown>>();
    this.posted.push({
      url: request.url,
      body: request.body,
      key: request.headers.get('Idempotency-Key'),
      answer: (body) => {
        subject.next(new HttpResponse({ status: 202, body }));
        subject.complete();
      },
      lose: () => subject.error(new HttpErrorResponse({ status: 0, url: request.url })),
    });
    return subject;
  };

  private answerTo(url: string): Observable<HttpEvent<unknown>> {
    const known = Object.entries(this.answers).find(([end]) => url.endsWith(end));
    if (!known) return throwError(() => new HttpErrorResponse({ status: 404, url }));
    return of(new HttpResponse({ status: 200, body: known[1] }));
  }
}
