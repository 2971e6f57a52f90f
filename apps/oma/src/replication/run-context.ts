import type { SourceSession, TargetSession } from '@ossea/plugin-sdk';
import type { DataSource } from 'typeorm';
import type { PointFacts } from './point-facts.js';
import type { ContextVolumes, RemoteCopies, RunSettings } from './replication-ports.js';

/** What the steps of one run work with. The engine hands it to every handler. */
export interface RunContext {
  readonly contextId: string;
  readonly jobId: string;
  readonly correlationId: string;
  readonly vmaId: string;
  readonly vmName: string;
  readonly placement: unknown;
  readonly source: SourceSession;
  readonly target: TargetSession;
  readonly copies: RemoteCopies;
  readonly volumes: ContextVolumes;
  readonly database: DataSource;
  readonly settings: RunSettings;
  /** Facts written in the transaction that makes them true. */
  readonly facts: PointFacts;
  /** Tells people something that is not an error. */
  readonly say: (message: string, attributes?: object) => void;
  /** Measured bytes of the running copy, for the feed. */
  readonly copied: (progress: CycleMeasure) => void;
}

export interface CycleMeasure {
  readonly cycleId: string;
  readonly kind: 'full' | 'incremental';
  readonly bytesDone: number;
  readonly bytesTotal: number;
  readonly bytesMoved: number;
  readonly disks: readonly {
    readonly disk: string;
    readonly bytesDone: number;
    readonly bytesTotal: number;
  }[];
}
