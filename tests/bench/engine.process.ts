// The copy engine in a Node process, as in the VMA: one order a line on stdin, one result a line on stdout.
import { createInterface } from 'node:readline';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { DEFAULT_LIMITS, ReferenceEngine, type CopyEngine, type CopyRequest } from '@ossea/copy-engine';
import { loadNativeEngine } from '@ossea/nbd-native';

const engine: CopyEngine = loadNativeEngine() ?? new ReferenceEngine();
const tell = (message: object) => process.stdout.write(`${JSON.stringify(message)}\n`);
tell({ engine: engine.name });
for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line) as Omit<CopyRequest, 'limits'> & {
    readonly limits?: Partial<CopyRequest['limits']>;
  };
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  try {
    const result = await engine.copy(
      { ...order, limits: { ...DEFAULT_LIMITS, ...order.limits } },
      { signal: new AbortController().signal, onProgress: () => undefined },
    );
    tell({ ...result, loopDelayP99Ms: delay.percentile(99) / 1e6 });
  } catch (error) {
    tell({ error: String(error) });
  } finally {
    delay.disable();
  }
}
