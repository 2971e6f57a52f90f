import { provideHttpClient, withInterceptors } from '@angular/common/http';
import { TestBed } from '@angular/core/testing';
import { provideNoopAnimations } from '@angular/platform-browser/animations';
import { provideRouter, withComponentInputBinding } from '@angular/router';
import { RouterTestingHarness } from '@angular/router/testing';
import type { Job, JobStep } from '@ossea/api-contract';
import { provideEchartsCore } from 'ngx-echarts';
import { FakeApi } from '../../../testing/fake-api';
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

describe('Machines page', { timeout: 60_000 }, () => {
  let socket: FakeFeedSocket;
  let api: FakeApi;
  let harness: RouterTestingHarness;

  beforeEach(() => {
    socket = new FakeFeedSocket();
    api = new FakeApi();
    TestBed.configureTestingModule({
      providers: [
        provideNoopAnimations(),
        provideHttpClient(withInterceptors([api.interceptor])),
        provideRouter([{ path: 'machines', children: machinesRoutes }], withComponentInputBinding()),
        provideEchartsCore({ echarts: async () => ({ init: () => chart }) as never }),
        { provide: OPEN_FEED_SOCKET, useValue: () => socket },
      ],
    });
    TestBed.inject(LiveFeed).start();
    socket.happens('connect');
  });
  afterEach(() => TestBed.inject(LiveFeed).stop());

  const page = () => harness.fixture.nativeElement as HTMLElement;
  const words = () => page().textContent?.replace(/\s+/g, ' ') ?? '';
  const dialog = () => page().querySelector('.modal-dialog');

  /** Opens the page; what it asks about the selected machine is answered with these jobs. */
  async function open(snapshot: object, jobs: Job[] = [], steps: JobStep[] = []): Promise<void> {
    api.answers = {
      '/recovery-points': { items: [pointSample(1)], page: {} },
      '/failover/runs': { items: [], page: {} },
      '/jobs': { items: jobs, page: {} },
      [`/jobs/${JOB}`]: { ...jobSample(), ...jobs[0], steps },
    };
    harness = await RouterTestingHarness.create('/machines');
    await socket.answer(snapshot);
  }
  const happens = (seq: number, type: string, data: object) =>
    socket.happens('event', envelopeSample(seq, type, data));
  /** Waits until the page shows it. */
  const shows = (text: string) => probe(() => expect(words()).toContain(text));
  const probe = (check: () => void) => vi.waitFor(check, { timeout: 30_000, interval: 10 });

  function button(label: string, within: Element | null): HTMLButtonElement {
    const found = [...(within?.querySelectorAll('button') ?? [])].find(
      (one) => one.textContent?.trim() === label,
    );
    if (!found) throw new Error(`There is no button "${label}".`);
    return found;
  }
  async function press(label: string, within: () => Element | null = page): Promise<void> {
    await probe(() => button(label, within()));
    button(label, within()).click();
  }

  it('explains how machines come under management while there is none', async () => {
    await open(snapshotSample(1));
    await shows('No machine is under management yet');
    expect(words()).toContain('POST /api/v1/discovery/add-vms');
  });

  it('shows measured bytes as they come, and nothing before', async () => {
    const replicating = contextSample({ state: 'replicating', activeJobId: JOB });
    await open(snapshotSample(1, { contexts: [replicating], jobs: [jobSample()] }), [jobSample()]);
    await shows('No copy was measured');
    expect(page().querySelector('[data-testid="bytes-done"]')).toBeNull();
    expect(words()).not.toContain('B/s');

    happens(2, 'cycle.progressed', progressSample());
    await shows('25.0 MiB of 100 MiB (25 %)');
    await shows('10.0 MiB/s');

    happens(3, 'cycle.progressed', progressSample({ bytesDone: 52_428_800 }));
    await shows('50.0 MiB of 100 MiB (50 %)');
    const done = page().querySelector('[data-machine="web-01"] [data-testid="bytes-done"]');
    expect(done?.getAttribute('value')).toBe('52428800');
  });

  it('shows the cause of a failure and what to do about it', async () => {
    const faulted = contextSample({ state: 'faulted', origin: 'replicating' });
    await open(
      snapshotSample(1, { contexts: [faulted] }),
      [jobSample({ state: 'failed', problem: problemSample })],
      [stepSample({ state: 'failed', problem: problemSample })],
    );
    await shows('Failed while replicating');
    await shows(problemSample.cause);
    expect(words()).toContain(problemSample.remedy);
  });

  it('shows the steps of the job as they begin and end', async () => {
    const replicating = contextSample({ state: 'replicating' });
    await open(
      snapshotSample(1, { contexts: [replicating], jobs: [jobSample()] }),
      [jobSample()],
      [stepSample()],
    );
    await shows('Taking a snapshot of the source machine');
    const copying = stepSample({ seq: 2, name: 'copy-disks', label: 'Copying the disks' });
    happens(2, 'job.step-ended', { jobId: JOB, step: stepSample({ state: 'succeeded' }) });
    happens(3, 'job.step-began', { jobId: JOB, step: copying });
    const steps = () => [...page().querySelectorAll('clr-timeline-step')].map((one) => one.textContent);
    await probe(() => expect(steps()).toHaveLength(2));
    expect(steps()[0]).toContain('done');
    expect(steps()[1]).toContain('Copying the disks');
  });

  it('asks before it acts, and sends one key for one intention', async () => {
    await open(snapshotSample(1, { contexts: [contextSample()] }));
    await press('Replicate now');
    await probe(() => expect(dialog()?.textContent).toContain('What will happen'));
    expect(api.posted).toHaveLength(0);

    // no answer: nobody knows whether it took effect, so the same key goes again
    await press('Replicate now', dialog);
    api.posted[0]?.lose();
    await probe(() => expect(dialog()?.textContent).toContain('The appliance did not answer'));
    await press('Replicate now', dialog);
    await probe(() => expect(dialog()?.textContent).toContain('Working…'));
    expect(api.posted[1]).toMatchObject({ url: '/api/v1/replications', body: { contextId: CONTEXT } });
    expect(api.posted[1]?.key).toMatch(/^[0-9a-f]{32}$/);
    expect(api.posted[1]?.key).toBe(api.posted[0]?.key);

    api.posted[1]?.answer(jobSample());
    await probe(() => expect(dialog()).toBeNull());
    await shows('Replication cycle');
  });

  it('says why an action is not possible', async () => {
    await open(snapshotSample(1, { contexts: [contextSample({ state: 'managed' })] }));
    await press('Live failover');
    await shows('There is no recovery point yet. Replicate first.');
    expect(dialog()).toBeNull();
  });
});
