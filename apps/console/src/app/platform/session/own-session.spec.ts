import { HttpClient, provideHttpClient, withInterceptors } from '@angular/common/http';
import { HttpTestingController, provideHttpClientTesting } from '@angular/common/http/testing';
import { TestBed } from '@angular/core/testing';
import { provideRouter } from '@angular/router';
import { accessSample } from '../../../testing/samples';
import { ownSession } from './own-session.interceptor';
import { PasswordAgain } from './password-again';
import { Session } from './session';

function begin() {
  TestBed.configureTestingModule({
    providers: [
      provideRouter([{ path: 'sign-in', children: [] }]),
      provideHttpClient(withInterceptors([ownSession])),
      provideHttpClientTesting(),
    ],
  });
  TestBed.inject(Session).begin(accessSample());
  return {
    http: TestBed.inject(HttpClient),
    server: TestBed.inject(HttpTestingController),
    again: TestBed.inject(PasswordAgain),
    session: TestBed.inject(Session),
  };
}

const forbidden = { status: 403, statusText: 'Forbidden' };

describe('a request of a page', () => {
  it('carries the CSRF token when it changes something, and to nobody but our own appliance', () => {
    const { http, server } = begin();
    http.get('/api/v1/jobs').subscribe();
    http.post('/api/v1/replications', {}).subscribe();
    http.post('https://elsewhere.example/', {}).subscribe();
    const header = (url: string) => server.expectOne(url).request.headers.get('X-Ossea-Csrf');
    expect(header('/api/v1/jobs')).toBeNull();
    expect(header('/api/v1/replications')).toBe('csrf');
    expect(header('https://elsewhere.example/')).toBeNull();
  });

  it('that needs the password again asks for it once, and goes on', async () => {
    const { http, server, again } = begin();
    const answers: unknown[] = [];
    for (const url of ['/api/v1/failover/live', '/api/v1/failover/commit'])
      http.post(url, {}).subscribe((answer) => answers.push(answer));
    for (const url of ['/api/v1/failover/live', '/api/v1/failover/commit'])
      server.expectOne(url).flush({ code: 'access.password-needed' }, forbidden);
    expect(again.asking()).toBe(true);
    again.settled(true);
    await new Promise((resolve) => setTimeout(resolve));
    server.expectOne('/api/v1/failover/live').flush({ id: 1 });
    server.expectOne('/api/v1/failover/commit').flush({ id: 2 });
    expect(answers).toEqual([{ id: 1 }, { id: 2 }]);
    expect(again.asking()).toBe(false);
  });

  it('fails with what the appliance said when the password is not given', async () => {
    const { http, server, again, session } = begin();
    let failure: unknown;
    http.post('/api/v1/failover/live', {}).subscribe({ error: (error: unknown) => (failure = error) });
    server.expectOne('/api/v1/failover/live').flush({ code: 'access.password-needed' }, forbidden);
    again.settled(false);
    await new Promise((resolve) => setTimeout(resolve));
    expect(failure).toMatchObject({ status: 403 });
    expect(session.isSignedIn()).toBe(true);
  });

  it('ends the session here when the appliance does not know it, but not for a mistyped password', () => {
    const { http, server, session } = begin();
    const gone = { status: 401, statusText: 'Unauthorized' };
    const refuse = (url: string) => {
      http.post(url, {}).subscribe({ error: () => undefined });
      server.expectOne(url).flush({ code: 'access.unauthenticated' }, gone);
    };
    refuse('/api/v1/access/reauthenticate');
    expect(session.isSignedIn()).toBe(true);
    refuse('/api/v1/replications');
    expect(session.isSignedIn()).toBe(false);
    expect(session.endedBecause()).toContain('not valid any more');
  });
});
