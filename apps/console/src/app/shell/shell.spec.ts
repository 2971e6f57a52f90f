import { provideHttpClient } from '@angular/common/http';
import { TestBed } from '@angular/core/testing';
import { provideNoopAnimations } from '@angular/platform-browser/animations';
import { provideRouter } from '@angular/router';
import { FakeFeedSocket } from '../../testing/fake-feed-socket';
import { accessSample, replaySample, snapshotSample } from '../../testing/samples';
import { OPEN_FEED_SOCKET } from '../platform/live/feed-socket';
import { Session } from '../platform/session/session';
import { Shell } from './shell';

describe('Shell', { timeout: 30_000 }, () => {
  it('says that what is shown is old while the connection is lost, and takes it back afterwards', async () => {
    const socket = new FakeFeedSocket();
    TestBed.configureTestingModule({
      imports: [Shell],
      providers: [
        provideNoopAnimations(),
        provideRouter([]),
        provideHttpClient(),
        { provide: OPEN_FEED_SOCKET, useValue: () => socket },
      ],
    });
    TestBed.inject(Session).begin(accessSample());
    const fixture = TestBed.createComponent(Shell);
    const page = fixture.nativeElement as HTMLElement;
    const banner = () => page.querySelector('[data-testid="stale-banner"]')?.textContent;
    await fixture.whenStable();

    socket.happens('connect');
    await socket.answer(snapshotSample(1));
    await fixture.whenStable();
    expect(page.querySelector('[data-testid="feed-status"]')?.textContent).toContain('Live');
    expect(banner()).toBeUndefined();

    socket.happens('disconnect', 'transport close');
    await fixture.whenStable();
    expect(banner()).toContain('Connection to the appliance lost');
    expect(page.querySelector('[data-testid="feed-status"]')?.textContent).toContain('Not live');

    socket.happens('connect');
    await socket.answer(replaySample(1, []));
    await fixture.whenStable();
    expect(banner()).toBeUndefined();
    fixture.destroy();
  });
});
