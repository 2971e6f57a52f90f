import { MigrationError, throwIfAborted } from '@ossea/errors';
import type { CallSignal, ProcessRunner } from '@ossea/process';
import { checkedImagePath, imageArgument, storageKindOf, type ImageFormat } from './block-node.js';
import { imageFault } from './qemu-fault.js';

export interface FoldRequest {
  readonly volumePath: string;
  readonly volumeFormat: ImageFormat;
  readonly deltaPath: string;
}

/**
 * Writes a sealed delta into its volume (`qemu-img rebase -u`, then `qemu-img commit -d`). Can be killed at any
 * byte and run again; until it has come back the volume alone is neither the old recovery point nor the new one.
 * Once it runs it is not cancellable: the signal counts only before. The volume's bytes are durable when it comes
 * back; the delta keeps its contents.
 * Throws `volume.in-use` when a machine holds the volume (nothing was written), `storage.full`,
 * `disk.size-mismatch` when the volume is smaller, `resource.not-found`.
 */
export async function foldDelta(run: ProcessRunner, request: FoldRequest, call: CallSignal): Promise<void> {
  const { volumePath, volumeFormat, deltaPath } = request;
  throwIfAborted(call.signal);
  const [volumeBytes, deltaBytes] = [
    await virtualSize(run, volumePath, volumeFormat, call),
    await virtualSize(run, deltaPath, 'qcow2', call),
  ];
  // a commit into something smaller would enlarge it
  if (volumeBytes < deltaBytes) {
    throw new MigrationError('disk.size-mismatch', 'The volume is smaller than the delta.', {
      context: { volumeBytes, deltaBytes },
    });
  }
  throwIfAborted(call.signal);
  const signal = new AbortController().signal;
  const backing = ['-b', checkedImagePath(volumePath), '-F', volumeFormat];
  try {
    await run.exec(
      { command: 'qemu-img', args: ['rebase', '-u', '-f', 'qcow2', ...backing, checkedImagePath(deltaPath)] },
      { signal },
    );
    await run.exec(
      { command: 'qemu-img', args: ['commit', '-q', '-d', '-f', 'qcow2', deltaPath] },
      { signal },
    );
  } catch (error) {
    throw imageFault(error, 'The delta cannot be folded');
  }
}

async function virtualSize(
  run: ProcessRunner,
  path: string,
  format: ImageFormat,
  { signal }: CallSignal,
): Promise<number> {
  const image = imageArgument(path, format, await storageKindOf(path));
  try {
    const { stdout } = await run.exec(
      { command: 'qemu-img', args: ['info', '--output=json', '-U', image] },
      { signal },
    );
    return (JSON.parse(stdout) as { 'virtual-size': number })['virtual-size'];
  } catch (error) {
    throw imageFault(error, 'The image cannot be read');
  }
}
