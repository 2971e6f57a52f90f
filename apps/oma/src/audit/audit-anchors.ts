import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import {
  Inject,
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import type { AuditAnchor } from '@ossea/api-contract';
import { withDeadline } from '@ossea/errors';
import { DataSource } from 'typeorm';
import { AuditHeadRow } from './audit.entities.js';
import { AuditKey } from './audit-key.js';
import { ANCHOR_KEEPERS, AUDIT_SETTINGS, type AnchorKeepers, type AuditSettings } from './audit-ports.js';
import { HEAD_ID } from './audit-trail.js';

const EVERY_MS = 5 * 60_000;
/** For one VMA to take an anchor. */
const KEEP_MS = 5_000;
export const ANCHOR_FILE = 'audit-anchors.jsonl';

/**
 * Signed heads of the chain, outside the database: in the log, in a file, and with each VMA. Whoever cuts the end of
 * the chain off, or writes it anew, contradicts them.
 */
@Injectable()
export class AuditAnchors
  implements OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown
{
  private readonly logger = new Logger('audit');
  private timer: NodeJS.Timeout | undefined;
  private anchoring: Promise<unknown> | undefined;
  private last: string | undefined;

  constructor(
    private readonly database: DataSource,
    private readonly key: AuditKey,
    @Inject(AUDIT_SETTINGS) private readonly settings: AuditSettings,
    @Inject(ANCHOR_KEEPERS) private readonly keepers: AnchorKeepers,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => this.anchorSoon(), EVERY_MS).unref();
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.anchoring;
    // while the tunnels still stand
    await this.tell(() => this.anchor());
  }

  async onApplicationShutdown(): Promise<void> {
    // what was written since, while everything stopped
    await this.tell(async () => {
      const head = await this.head();
      if (head.hash !== this.last) await this.write(head);
    });
  }

  get publicKey(): string {
    return this.key.publicKey;
  }

  /** The head as it is now, signed. */
  async head(): Promise<AuditAnchor> {
    const { seq, hash } = await this.database.getRepository(AuditHeadRow).findOneByOrFail({ id: HEAD_ID });
    const { applianceId } = this.settings;
    return this.key.signed({ seq, hash, at: new Date().toISOString(), applianceId });
  }

  /** Takes the head everywhere that is outside the database. One place that fails does not keep it from the others. */
  async anchor(): Promise<AuditAnchor> {
    const head = await this.head();
    await this.tell(() => this.write(head));
    const vmas = await this.keepers.here().catch(() => []);
    await Promise.all(
      vmas.map((id) =>
        this.tell(() =>
          withDeadline(new AbortController().signal, KEEP_MS, ({ signal }) =>
            this.keepers.keep(id, head, signal),
          ),
        ),
      ),
    );
    return head;
  }

  private async write(head: AuditAnchor): Promise<void> {
    this.logger.log(`Audit anchor ${JSON.stringify(head)}`);
    await mkdir(this.settings.anchorDir, { recursive: true, mode: 0o700 });
    const file = await open(join(this.settings.anchorDir, ANCHOR_FILE), 'a+', 0o600);
    try {
      await file.write(`${(await endsInMidLine(file)) ? '\n' : ''}${JSON.stringify(head)}\n`);
      await file.sync();
      this.last = head.hash;
    } finally {
      await file.close();
    }
  }

  private anchorSoon(): void {
    this.anchoring ??= this.tell(() => this.anchor()).finally(() => (this.anchoring = undefined));
  }

  private async tell(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.logger.warn(`An audit anchor is missing: ${String(error)}`);
    }
  }
}

/** A power cut may have left half a line. */
async function endsInMidLine(file: Awaited<ReturnType<typeof open>>): Promise<boolean> {
  const { size } = await file.stat();
  if (size === 0) return false;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0] !== 0x0a;
}
