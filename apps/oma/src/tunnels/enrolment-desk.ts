import { Injectable, Logger } from '@nestjs/common';
import { AGENT_PROTOCOL_VERSION, EnrolRequest, type EnrolAnswer } from '@ossea/agent-protocol';
import { DisplayName } from '@ossea/api-contract';
import { MigrationError, isMigrationError } from '@ossea/errors';
import type { EnrolPeer } from '@ossea/tunnel';
import { DataSource, LessThan, type EntityManager } from 'typeorm';
import { AuditedWork } from '../audit/audited-work.js';
import { isUniqueViolation } from '../database/driver-errors.js';
import { newId } from '../database/new-id.js';
import { actingAs } from '../http/request-context.js';
import { Outbox } from '../progress/outbox.js';
import { PairingCodes } from './pairing-codes.js';
import type { PairingCode } from './pairing-code.entity.js';
import { VmaKeys } from './vma-keys.js';
import { VmaNumbers } from './vma-numbers.js';
import { Vma } from './vma.entity.js';

/** How long a request waits for an administrator. */
export const REQUEST_MS = 24 * 3_600_000;

type Enrol = Extract<EnrolRequest, { type: 'enrol' }>;

/**
 * Answers VMAs that ask to be trusted. SSH has proven before that they hold the key they speak of. What is granted here
 * is a place in the list that an administrator looks at, nothing else.
 */
@Injectable()
export class EnrolmentDesk {
  private readonly logger = new Logger('enrolment');

  constructor(
    private readonly database: DataSource,
    private readonly work: AuditedWork,
    private readonly codes: PairingCodes,
    private readonly outbox: Outbox,
    private readonly numbers: VmaNumbers,
    private readonly keys: VmaKeys,
  ) {}

  /**
   * @param agentTokenPublicKey what an approved VMA is told.
   * @throws `enrolment.rejected`, `access.throttled`, `agent.version` or `request.invalid`.
   */
  async answer(body: unknown, peer: EnrolPeer, agentTokenPublicKey: string): Promise<EnrolAnswer> {
    try {
      const request = parseRequest(body);
      const row = request.type === 'enrol' ? await this.enrolNamed(request, peer) : await this.status(peer);
      // a key in whose place another one is, or whose time is over, is as good as revoked
      if (row.state === 'approved' && !(await this.isGood(peer)))
        return { protocol: AGENT_PROTOCOL_VERSION, vmaId: row.id, state: 'revoked' };
      return {
        protocol: AGENT_PROTOCOL_VERSION,
        vmaId: row.id,
        state: row.state,
        ...(row.state === 'approved' ? this.welcome(row, agentTokenPublicKey) : {}),
      };
    } catch (error) {
      if (isMigrationError(error)) {
        this.logger.warn(`Enrolment of ${peer.fingerprint} from ${peer.address}: ${error.message}`);
        throw error;
      }
      this.logger.error(error instanceof Error ? error.stack : String(error));
      // whoever asks is a stranger yet: what went wrong inside is not theirs to know
      throw new MigrationError('internal.unexpected', 'The request could not be answered.');
    }
  }

  private welcome(row: Vma, agentTokenKey: string): Pick<EnrolAnswer, 'agentTokenKey' | 'endpoints'> {
    const endpoints = this.numbers.endpointsOf(row);
    return { agentTokenKey, ...(endpoints === undefined ? {} : { endpoints }) };
  }

  private async status({ publicKey }: EnrolPeer): Promise<Vma> {
    const row = await this.known(publicKey);
    if (!row) throw new MigrationError('enrolment.rejected', 'This key has not asked to be enrolled.');
    return row;
  }

  /** In the name of the VMA that asks; one that is turned away is kept too. */
  private enrolNamed(request: Enrol, peer: EnrolPeer): Promise<Vma> {
    return actingAs({ kind: 'vma', name: request.name }, peer.address, async () => {
      try {
        return await this.enrol(request, peer);
      } catch (error) {
        if (isMigrationError(error) && error.code === 'enrolment.rejected')
          await this.work.refused({
            action: 'vma.enrolment-request',
            subject: { type: 'vma-key', id: peer.fingerprint },
            detail: { why: error.message },
          });
        throw error;
      }
    });
  }

  /** The same key asking again is told where it stands; only what was turned down or forgotten needs a new code. */
  private async enrol(request: Enrol, peer: EnrolPeer): Promise<Vma> {
    const known = await this.known(peer.publicKey);
    if (known && (known.state === 'revoked' || (known.state === 'approved' && !(await this.isGood(peer)))))
      throw new MigrationError('enrolment.rejected', 'This key was revoked; enrol with a new one.');
    if (known && (known.state === 'pending' || known.state === 'approved')) return known;
    const code = await this.codes.find(request.code, peer.address);
    try {
      return await this.work.run(
        (manager) => this.admit(manager, request, peer, { code, known }),
        ({ id, name, fingerprint }) => ({
          action: 'vma.enrolment-request',
          subject: { type: 'vma', id },
          detail: { name, fingerprint },
        }),
      );
    } catch (error) {
      // the same key asked twice at once
      const now = isUniqueViolation(error) ? await this.known(peer.publicKey) : undefined;
      if (now) return now;
      throw error;
    }
  }

  private async admit(
    manager: EntityManager,
    request: Enrol,
    peer: EnrolPeer,
    { code, known }: { readonly code: PairingCode; readonly known: Vma | undefined },
  ): Promise<Vma> {
    const vmas = manager.getRepository(Vma);
    const row = await vmas.save(
      vmas.create({
        ...(known ?? { id: newId('vma'), agentPort: null, nbdPort: null, lastSeenAt: null }),
        name: code.vmaName ?? request.name,
        state: 'pending',
        publicKey: peer.publicKey,
        fingerprint: peer.fingerprint,
        version: request.version,
        requestedAt: new Date(),
        decidedAt: null,
      }),
    );
    await this.keys.begin(manager, row);
    await this.codes.use(manager, code, row.id);
    await this.outbox.append(manager, 'vma.enrolment-requested', row.id, {
      vmaId: row.id,
      fingerprint: row.fingerprint,
    });
    this.logger.log(`"${row.name}" asks to be enrolled; its fingerprint is ${row.fingerprint}.`);
    return row;
  }

  private async known(publicKey: string): Promise<Vma | undefined> {
    await expirePending(this.database);
    const key = await this.keys.find(publicKey);
    if (!key) return undefined;
    return (await this.database.getRepository(Vma).findOneBy({ id: key.vmaId })) ?? undefined;
  }

  private async isGood({ publicKey }: EnrolPeer): Promise<boolean> {
    const key = await this.keys.find(publicKey);
    if (!key || (key.state !== 'current' && key.state !== 'next')) return false;
    return key.expiresAt > new Date();
  }
}

/** Requests that nobody decided about for a day are void. */
export async function expirePending(database: DataSource): Promise<void> {
  const now = Date.now();
  await database
    .getRepository(Vma)
    .update(
      { state: 'pending', requestedAt: LessThan(new Date(now - REQUEST_MS)) },
      { state: 'expired', updatedAt: new Date(now) },
    );
}

function parseRequest(body: unknown): EnrolRequest {
  const spoken = typeof body === 'object' && body !== null && 'protocol' in body ? body.protocol : undefined;
  if (typeof spoken === 'number' && spoken !== AGENT_PROTOCOL_VERSION)
    throw new MigrationError(
      'agent.version',
      `This appliance speaks version ${AGENT_PROTOCOL_VERSION} of the agent protocol.`,
      { context: { ours: AGENT_PROTOCOL_VERSION, theirs: spoken } },
    );
  const parsed = EnrolRequest.safeParse(body);
  if (!parsed.success) {
    const fields = [...new Set(parsed.error.issues.map(({ path }) => path.join('.') || 'request'))];
    if (fields.length === 1 && fields[0] === 'code')
      throw new MigrationError('enrolment.rejected', 'A pairing code looks like XXXX-XXXX-XXXX.');
    throw new MigrationError('request.invalid', `Not an enrolment request: ${fields.join(', ')}.`);
  }
  const request = parsed.data;
  if (request.type === 'enrol' && !DisplayName.safeParse(request.name).success)
    throw new MigrationError('request.invalid', 'The name of the VMA may not hold control characters.');
  return request;
}
