import type { Appliance } from './appliance.js';
import type { SourceHost } from './source-host.js';

export interface VmaReady {
  readonly pid: number;
  readonly apiPort: number;
  readonly nbdSocketPath: string;
}

/** One VMA with the QEMU host that it stands beside; what it gets on the way is there once it has been launched. */
export class Site {
  vmaId = '';
  fingerprint = '';
  /** Of the host as a source. */
  connectionId = '';
  /** Of the guest, once it is under management. */
  contextId = '';

  constructor(
    readonly directory: string,
    readonly host: SourceHost,
    readonly vma: Appliance<VmaReady>,
  ) {}

  /** Where the VMA keeps the journals of its copies. */
  get journalsDir(): string {
    return `${this.vma.stateDir}/journals`;
  }
}
