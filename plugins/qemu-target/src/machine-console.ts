import { open } from 'node:fs/promises';
import type { CallOptions, ImageData, MachineRef, TargetConsole } from '@ossea/plugin-sdk';
import type { MachineHost } from './machine-host.js';
import type { Machines } from './machines.js';
import { isMissing } from './record-store.js';

/** The end of a file as ASCII, at most so many bytes; a machine can print anything, so the rest becomes "?". */
export async function tailOf(path: string, maxBytes: number): Promise<string> {
  let file;
  try {
    file = await open(path, 'r');
  } catch (error) {
    // a machine that was never started has printed nothing
    if (isMissing(error)) return '';
    throw error;
  }
  try {
    const { size } = await file.stat();
    const length = Math.min(size, Math.max(0, Math.floor(maxBytes)));
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.toString('latin1', 0, bytesRead).replace(/[\u0080-\u00ff]/g, '?');
  } finally {
    await file.close();
  }
}

/** What a machine shows and says, for the boot verdict. */
export class MachineConsole implements TargetConsole {
  constructor(
    private readonly machines: Machines,
    private readonly host: MachineHost,
  ) {}

  screenshot(ref: MachineRef, options: CallOptions): Promise<ImageData> {
    return this.machines.onMachine(ref, options, () => this.host.screenshot(ref, options));
  }

  serialLog(ref: MachineRef, options: CallOptions & { readonly maxBytes: number }): Promise<string> {
    return this.machines.onMachine(ref, options, () =>
      tailOf(this.host.serialLogPath(ref), options.maxBytes),
    );
  }
}
