import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

interface Figures {
  readonly medianSeconds: number;
  readonly wireBytes: number;
  readonly cpuSecondsPerGiB: number;
}
interface Run {
  readonly content: string;
  readonly link: string;
  readonly kind: string;
  readonly engine: string;
  readonly ours: Figures & { readonly loopDelayP99Ms: number };
  readonly peers: Readonly<Record<string, Figures>>;
  readonly ratioToBestPeer: number;
}

const MEBIBYTES = 128;

it('copies by three paths to the same bytes, and its last line says how fast each was', async () => {
  const main = fileURLToPath(new URL('../bench/main.mjs', import.meta.url));
  const args = [main, '--no-build', '--json', '--rounds', '1', '--mebibytes', String(MEBIBYTES)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const { runs } = JSON.parse(stdout.trim().split('\n').at(-1)!) as { readonly runs: readonly Run[] };
  expect(runs.map(({ content, link, kind }) => ({ content, link, kind }))).toEqual(
    ['random', 'mixed', 'sparse'].map((content) => ({ content, link: 'loopback', kind: 'full' })),
  );
  for (const { content, ours, peers, ratioToBestPeer, engine } of runs) {
    expect(engine).toBe('native');
    expect(Object.keys(peers)).toEqual(['nbdcopy-openssh', 'qemu-img-openssh']);
    for (const { medianSeconds, cpuSecondsPerGiB } of [ours, ...Object.values(peers)])
      for (const figure of [medianSeconds, cpuSecondsPerGiB]) expect(figure).toBeGreaterThan(0);
    // what is zero does not travel, and nothing travels twice
    const share = { random: 1, mixed: 0.6, sparse: 0.03 }[content]!;
    expect(ours.wireBytes / (MEBIBYTES * 2 ** 20)).toBeGreaterThan(share * 0.9);
    expect(ours.wireBytes / (MEBIBYTES * 2 ** 20)).toBeLessThan(share + 0.05);
    // so small a copy tells little of speed, but something that stands still would show
    expect(ratioToBestPeer).toBeGreaterThan(0.3);
  }
  // so short a run has few samples: one pause of the box must not count for all
  const delaysMs = runs.map(({ ours }) => ours.loopDelayP99Ms).sort((a, b) => a - b);
  expect(delaysMs[1]).toBeLessThan(10);
}, 300_000);
