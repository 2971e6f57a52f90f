import { provideHttpClient } from '@angular/common/http';
import { HttpTestingController, provideHttpClientTesting } from '@angular/common/http/testing';
import { TestBed } from '@angular/core/testing';
import { provideNoopAnimations } from '@angular/platform-browser/animations';
import { provideRouter, withComponentInputBinding } from '@angular/router';
import { RouterTestingHarness } from '@angular/router/testing';
import { provideEchartsCore } from 'ngx-echarts';
import { FakeFeedSocket } from '../../../testing/fake-feed-socket';
import {
  contextSample,
  envelopeSample,
  idOf,
  jobSample,
  pointSample,
  problemSample,
  progressSample,
  snapshotSample,
  stepSample,
} from '../../../testing/samples';
import { OPEN_FEED_SOCKET } from '../../platform/live/feed-socket';
import { LiveFeed } from '../../platform/live/live-feed';
import { machinesRoutes } from './machines.routes';

const chart = {
  setOption() {},
  on() {},
  resize() {},
  showLoading() {},
  hideLoading() {},
  dispose() {},
  isDisposed: () => false,
};
const CONTEXT = idOf('ctx', 1);
const JOB = idOf('job', 1);

describe('Machines page', () => {
  let socket: FakeFeedSocket;
  let http: HttpTestingController;
  let harness: RouterTestingHarness;

  beforeEach(() => {
    socket = new FakeFeedSocket();
    TestBed.configureTestingModule({
      providers: [
        provideNoopAnimations(),
        provideHttpClient(),
        provideHttpClientTesting(),
        provideRouter([{ path: 'machines', children: machinesRoutes }], withComponentInputBinding()),
        provideEchartsCore({ echarts: async () => ({ init: () => chart }) as never }),
        { provide: OPEN_FEED_SOCKET, useValue: () => socket },
      ],
    });
    http = TestBed.inject(HttpTestingController);
    TestBed.inject(LiveFeed).start('token');
    socket.happens('connect');
  });
  afterEach(() => TestBed.inject(LiveFeed).stop());

  const page = () => harness.fixture.nativeElement as HTMLElement;
  const words = () => page().textContent?.replace(/\s+/g, ' ') ?? '';

  async function open(snapshot: object): Promise<void> {
    harness = await RouterTestingHarness.create('/machines');
    await socket.answer(snapshot);
    await settle();
  }
  /** Answers what the page asks for about the selected machine. */
  async function answerDetails({ jobs = [jobSample()], steps = [stepSample()] } = {}): Promise<void> {
    await settle();
    http
      .match((request) => request.url.endsWith('/recovery-points'))
      .forEach((request) => request.flush({ items: [pointSample(1)], page: {} }));
    http
      .match((request) => request.url === '/api/v1/jobs')
      .forEach((request) => request.flush({ items: jobs, page: {} }));
    http
      .match((request) => request.url === '/api/v1/failover/runs')
      .forEach((request) => request.flush({ items: [], page: {} }));
    await settle();
    http
      .match((request) => request.url.startsWith('/api/v1/jobs/'))
      .forEach((request) => request.flush({ ...jobs[0], steps }));
    await settle();
  }
  async function settle(): Promise<void> {
    for (let turn = 0; turn < 3; turn += 1) {
      await new Promise((resolve) => setTimeout(resolve));
      await harness.fixture.whenStable();
    }
  }

  it('explains how machines come under management while there is none', async () => {
    await open(snapshotSample(1));
    expect(words()).toContain('No machine is under management yet');
    expect(words()).toContain('POST /api/v1/discovery/add-vms');
  });

  it('shows measured bytes as they come, and nothing before', async () => {
    await open(
      snapshotSample(1, {
        contexts: [contextSample({ state: 'replicating', activeJobId: JOB })],
        jobs: [jobSample()],
      }),
    );
    await answerDetails();
    expect(page().querySelector('progress[aria-label="Copy of web-01"]')).toBeNull();
    expect(words()).toContain('No copy was measured');

    socket.happens('event', envelopeSample(2, 'cycle.progressed', progressSample()));
    await settle();
    expect(words()).toContain('25.0 MiB of 100 MiB (25 %)');
    expect(words()).toContain('10.0 MiB/s');

    socket.happens('event', envelopeSample(3, 'cycle.progressed', progressSample({ bytesDone: 52_428_800 })));
    await settle();
    const done = page().querySelector('[data-machine="web-01"] [data-testid="bytes-done"]');
    expect(done?.getAttribute('value')).toBe('52428800');
  });

  it('shows the cause of a failure and what to do about it', async () => {
    const failed = jobSample({ state: 'failed', problem: problemSample });
    await open(
      snapshotSample(1, { contexts: [contextSample({ state: 'faulted', origin: 'replicating' })], jobs: [] }),
    );
    await answerDetails({ jobs: [failed], steps: [stepSample({ state: 'failed', problem: problemSample })] });
    expect(words()).toContain('Failed while replicating');
    expect(words()).toContain(problemSample.cause);
    expect(words()).toContain(problemSample.remedy);
  });

  it('shows the steps of the job as they begin and end', async () => {
    await open(
      snapshotSample(1, { contexts: [contextSample({ state: 'replicating' })], jobs: [jobSample()] }),
    );
    await answerDetails();
    const label = 'Copying the disks';
    const step = stepSample({ seq: 2, name: 'copy-disks', label });
    socket.happens(
      'event',
      envelopeSample(2, 'job.step-ended', { jobId: JOB, step: stepSample({ state: 'succeeded' }) }),
    );
    socket.happens('event', envelopeSample(3, 'job.step-began', { jobId: JOB, step }));
    await settle();
    const steps = [...page().querySelectorAll('clr-timeline-step')].map((one) => one.textContent);
    expect(steps).toHaveLength(2);
    expect(steps[0]).toContain('done');
    expect(steps[1]).toContain(label);
  });

  it('asks before it acts, and sends one key for one intention', async () => {
    await open(snapshotSample(1, { contexts: [contextSample()] }));
    await answerDetails({ jobs: [], steps: [] });
    button('Replicate now').click();
    await settle();
    http.expectNone('/api/v1/replications');
    const dialog = () => page().querySelector('.modal-dialog');
    expect(dialog()?.textContent).toContain('What will happen');

    // no answer: nobody knows whether it took effect, so the same key goes again
    button('Replicate now', dialog()).click();
    const first = http.expectOne('/api/v1/replications');
    first.error(new ProgressEvent('error'));
    await settle();
    expect(dialog()?.textContent).toContain('The appliance did not answer');
    button('Replicate now', dialog()).click();
    const second = http.expectOne('/api/v1/replications');
    expect(second.request.body).toEqual({ contextId: CONTEXT });
    expect(second.request.headers.get('Idempotency-Key')).toMatch(/^[0-9a-f]{32}$/);
    expect(second.request.headers.get('Idempotency-Key')).toBe(first.request.headers.get('Idempotency-Key'));
    second.flush(jobSample());
    await settle();
    expect(dialog()).toBeNull();
    expect(words()).toContain('Replication cycle');
  });

  it('says why an action is not possible', async () => {
    await open(snapshotSample(1, { contexts: [contextSample({ state: 'managed' })] }));
    await answerDetails({ jobs: [], steps: [] });
    button('Live failover').click();
    await settle();
    expect(words()).toContain('There is no recovery point yet. Replicate first.');
    expect(page().querySelector('.modal-dialog')).toBeNull();
  });

  function button(label: string, within: Element | null = page()): HTMLButtonElement {
    const found = [...(within?.querySelectorAll('button') ?? [])].find(
      (one) => one.textContent?.trim() === label,
    );
    if (!found) throw new Error(`There is no button "${label}".`);
    return found;
  }
});
