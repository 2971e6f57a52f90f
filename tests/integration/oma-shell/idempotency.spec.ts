import 'reflect-metadata';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Module,
  Param,
  Post,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { APP_GUARD, NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Problem, type Job } from '@ossea/api-contract';
import { MigrationError } from '@ossea/errors';
import type { Request } from 'express';
import type { DataSource } from 'typeorm';
import { z } from 'zod';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseConfig } from '../../../apps/oma/src/config/load-config.js';
import { openDatabase } from '../../../apps/oma/src/database/data-source.js';
import { DatabaseModule } from '../../../apps/oma/src/database/database.module.js';
import { newId } from '../../../apps/oma/src/database/new-id.js';
import { StartsJob } from '../../../apps/oma/src/http/answers.js';
import { HttpModule } from '../../../apps/oma/src/http/http.module.js';
import { requestContext } from '../../../apps/oma/src/http/request-context.js';
import { IdempotencyKey } from '../../../apps/oma/src/idempotency/idempotency-key.entity.js';
import { IdempotencyModule } from '../../../apps/oma/src/idempotency/idempotency.module.js';
import { NotReplayed } from '../../../apps/oma/src/idempotency/not-replayed.js';
import { ProcessOwner } from '../../../apps/oma/src/jobs/process-owner.js';
import { startMariaDb, type PrivateMariaDb } from '../../stack/mariadb.js';
import { callAt, ENGINES, type Call } from './appliance.js';

const Order = z.strictObject({ item: z.string() });

/** What the routes below did, and what they are waiting for. */
const done: string[] = [];
let gate: Promise<void> = Promise.resolve();
let entered = (): void => undefined;

@Controller('api/v1/orders')
class OrdersController {
  @Post()
  @StartsJob('Orders')
  async order(@Body({ schema: Order }) { item }: { item: string }): Promise<Job> {
    entered();
    await gate;
    if (item === 'nothing') throw new MigrationError('request.conflict', 'There is none.');
    done.push(item);
    const id = newId('job');
    return { id, links: { self: `/api/v1/jobs/${id}` } } as Job;
  }

  @Post('secret')
  @NotReplayed()
  secret(): object {
    done.push('secret');
    return { secret: `s${done.length}` };
  }

  @Delete(':id')
  @HttpCode(204)
  remove(@Param('id') id: string): void {
    done.push(`-${id}`);
  }

  @Get()
  list(): object {
    done.push('looked');
    return { seen: done.length };
  }
}

/** As the guard of the access room does, without its tokens. */
class CallerFromHeader implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<Request>();
    requestContext(request).actor = { kind: 'token', name: String(request.headers['x-caller'] ?? 'alice') };
    return true;
  }
}

describe.each(ENGINES)('idempotency on %s', (engine) => {
  const appliance = newId('oma');
  const owner = new ProcessOwner(appliance);
  let directory: string;
  let mariadb: PrivateMariaDb | undefined;
  let database: DataSource;
  let app: NestExpressApplication;
  let url: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'oma-'));
    mariadb = engine === 'mariadb' ? await startMariaDb() : undefined;
    database = await openDatabase(
      parseConfig({
        stateDir: directory,
        ...(mariadb ? { database: { engine: 'mariadb', ...mariadb.login } } : {}),
      }),
    );
    const root = {
      module: class Root {},
      imports: [
        DatabaseModule.with(database),
        HttpModule.with({ level: 'silent' }),
        {
          module: class Owner {},
          global: true,
          providers: [{ provide: ProcessOwner, useValue: owner }],
          exports: [ProcessOwner],
        },
        IdempotencyModule,
      ],
      controllers: [OrdersController],
      providers: [{ provide: APP_GUARD, useClass: CallerFromHeader }],
    };
    Module({})(root.module);
    app = await NestFactory.create<NestExpressApplication>(root, { logger: false, rawBody: true });
    await app.listen(0, '127.0.0.1');
    url = (await app.getUrl()).replace('[::1]', '127.0.0.1');
  });
  afterAll(async () => {
    await app.close();
    await database.destroy();
    await mariadb?.[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });
  beforeEach(() => {
    done.length = 0;
    gate = Promise.resolve();
    entered = () => undefined;
  });

  const send = (key: string | undefined, call: Call = {}, path = 'orders') =>
    callAt(url, path, {
      body: { item: 'a' },
      ...call,
      headers: { ...(key === undefined ? {} : { 'idempotency-key': key }), ...call.headers },
    });
  const code = ({ body }: { body: object }) => Problem.parse(body).code;

  it('answers a repeat with the first answer, and does nothing again', async () => {
    const first = await send('k1');
    expect(first.status).toBe(202);
    expect(first.headers.get('location')).toBe(`/api/v1/jobs/${String(first.body['id'])}`);
    expect(first.headers.get('retry-after')).toBe('1');
    expect(first.headers.get('idempotent-replayed')).toBeNull();
    const again = await send('k1');
    expect(again).toMatchObject({ status: 202, body: first.body });
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(again.headers.get('location')).toBe(first.headers.get('location'));
    expect(done).toEqual(['a']);
  });

  it('knows a repeat by caller, route and key', async () => {
    await send('k2');
    await send('k2', { headers: { 'x-caller': 'bob' } });
    await send('k2', { method: 'DELETE', body: undefined }, 'orders/7');
    await send('k2-other');
    await send(undefined);
    expect(done).toEqual(['a', 'a', '-7', 'a', 'a']);
    const replayed = await send('k2', { method: 'DELETE', body: undefined }, 'orders/7');
    expect(replayed.status).toBe(204);
    expect(done).toHaveLength(5);
  });

  it('refuses the key of another request', async () => {
    await send('k3');
    const other = await send('k3', { body: { item: 'b' } });
    expect([other.status, code(other)]).toEqual([422, 'idempotency.reused']);
    const query = await send('k3', {}, 'orders?dryRun=true');
    expect([query.status, code(query)]).toEqual([422, 'idempotency.reused']);
    expect(done).toEqual(['a']);
  });

  it('lets one of many at the same moment through', async () => {
    let open = (): void => undefined;
    gate = new Promise((resolve) => (open = resolve));
    const inside = new Promise<void>((resolve) => (entered = resolve));
    const first = send('k4');
    await inside;
    const others = await Promise.all(Array.from({ length: 8 }, () => send('k4')));
    for (const other of others) {
      expect([other.status, code(other)]).toEqual([409, 'idempotency.in-flight']);
      expect(other.headers.get('retry-after')).toBe('1');
    }
    open();
    expect((await first).status).toBe(202);
    expect((await send('k4')).headers.get('idempotent-replayed')).toBe('true');
    const crowd = await Promise.all(Array.from({ length: 8 }, () => send('k5')));
    expect(crowd.filter(({ status }) => status === 202).length).toBeGreaterThan(0);
    expect(done).toEqual(['a', 'a']);
  });

  it('keeps no failure: the key may be tried again', async () => {
    expect((await send('k6', { body: { wrong: 1 } })).status).toBe(400);
    const conflict = await send('k6', { body: { item: 'nothing' } });
    expect(conflict.status).toBe(409);
    expect((await send('k6')).status).toBe(202);
    expect(done).toEqual(['a']);
  });

  it('does not wait for a former life of this appliance, but for another appliance', async () => {
    const keys = database.getRepository(IdempotencyKey);
    await send('k7');
    const [row] = await keys.find({ order: { createdAt: 'DESC' } });
    await keys.update(
      { id: row?.id ?? '' },
      { answer: null as never, ownerId: `${newId('oma')}:${newId('run')}` },
    );
    expect((await send('k7')).status).toBe(409);
    await keys.update({ id: row?.id ?? '' }, { ownerId: `${appliance}:${newId('run')}` });
    const crowd = await Promise.all([send('k7'), send('k7'), send('k7')]);
    expect(crowd.some(({ status }) => status === 202)).toBe(true);
    expect(done).toEqual(['a', 'a']);
  });

  it('forgets after 24 hours', async () => {
    const keys = database.getRepository(IdempotencyKey);
    await send('k8');
    const [row] = await keys.find({ order: { createdAt: 'DESC' } });
    const yesterday = new Date(Date.now() - 25 * 3_600_000);
    await keys.update({ id: row?.id ?? '' }, { createdAt: yesterday });
    expect((await send('k8')).headers.get('idempotent-replayed')).toBeNull();
    expect(done).toEqual(['a', 'a']);
  });

  it.each(['', 'with space', 'x'.repeat(129), 'caf\u00e9'])('refuses the key "%s"', async (key) => {
    const answer = await send(key);
    expect([answer.status, code(answer)]).toEqual([400, 'request.invalid']);
    expect(done).toEqual([]);
  });

  it('stores no secret, and looks do not count', async () => {
    const stored = await database.getRepository(IdempotencyKey).count();
    await send('k9', {}, 'orders/secret');
    await send('k9', {}, 'orders/secret');
    await send('k9', { method: 'GET', body: undefined });
    await send('k9', { method: 'GET', body: undefined });
    expect(done).toEqual(['secret', 'secret', 'looked', 'looked']);
    expect(await database.getRepository(IdempotencyKey).count()).toBe(stored);
  });
});
