import 'reflect-metadata';
import { Controller, Get, HttpException, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Problem } from '@ossea/api-contract';
import { MigrationError } from '@ossea/errors';
import { PinoLogger } from 'nestjs-pino';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { accessLog } from '../../../apps/oma/src/http/access-log.js';
import { AppLogger } from '../../../apps/oma/src/http/app-logger.js';
import { HttpModule } from '../../../apps/oma/src/http/http.module.js';
import { LoggerModule } from 'nestjs-pino';
import { Appliance, callAt } from './appliance.js';

const SECRET = 'hunter2';

@Controller('api/v1')
class FaultyController {
  @Get('throws')
  throws(): never {
    throw new Error(`cannot log in with password=${SECRET} at /srv/internal`);
  }

  @Get('wraps')
  wraps(): never {
    throw new MigrationError('internal.unexpected', 'column "x" of table "y"', { context: { table: 'y' } });
  }

  @Get('refuses')
  refuses(): never {
    throw new HttpException({ message: 'look here', inner: 'y' }, 403);
  }

  @Get('rejects')
  rejects(): Promise<never> {
    // no Error at all
    return Promise.reject('a bare word');
  }

  @Get('knows')
  knows(): never {
    throw new MigrationError('storage.full', `The pool is full (token=${SECRET}).`, {
      context: { freeBytes: 0 },
    });
  }
}

const lines: string[] = [];
let app: NestExpressApplication;
let url: string;
beforeAll(async () => {
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(...chunk.toString('utf8').split('\n').filter(Boolean));
      done();
    },
  });
  const { pinoHttp } = accessLog('info');
  const http = HttpModule.with({ level: 'info' });
  class Root {}
  Module({
    imports: [{ ...http, imports: [LoggerModule.forRoot({ pinoHttp: [pinoHttp as object, stream] })] }],
    controllers: [FaultyController],
  })(Root);
  app = await NestFactory.create<NestExpressApplication>(Root, { bufferLogs: true });
  app.useLogger(new AppLogger(await app.resolve(PinoLogger), {}));
  await app.listen(0, '127.0.0.1');
  url = await app.getUrl();
});
afterAll(() => app.close());

it.each([
  ['throws', 500, 'internal.unexpected'],
  ['wraps', 500, 'internal.unexpected'],
  ['rejects', 500, 'internal.unexpected'],
  ['refuses', 403, 'access.forbidden'],
  ['knows', 507, 'storage.full'],
])('a route that %s answers with a problem that tells nothing of the inside', async (route, status, code) => {
  const answer = await callAt(url, route, { headers: { 'x-correlation-id': `see-${route}` } });
  expect(answer.status).toBe(status);
  expect(Problem.parse(answer.body)).toMatchObject({ code, status, correlationId: `see-${route}` });
  const text = JSON.stringify(answer.body);
  for (const inside of [SECRET, 'internal/', 'column', '"table"', 'bare word', 'look here', '.ts:'])
    expect(text).not.toContain(inside);
});

it('logs what was unexpected with its stack and its correlation id, and no secret', async () => {
  await callAt(url, `throws?token=${SECRET}`, {
    token: SECRET,
    headers: { 'x-correlation-id': 'find-me', cookie: `sid=${SECRET}` },
  });
  const mine = lines.filter((line) => line.includes('find-me'));
  expect(mine.some((line) => line.includes('unexpected.spec.ts'))).toBe(true);
  const request = mine.map((line) => JSON.parse(line) as Record<string, unknown>).find(({ req }) => req);
  expect(request).toMatchObject({
    correlationId: 'find-me',
    req: { method: 'GET', path: '/api/v1/throws' },
    res: { status: 500 },
  });
  expect(lines.join('\n')).not.toContain(SECRET);
});

it('says 503 while the database is away, and is well again when it is back', async () => {
  await using oma = await Appliance.start({ engine: 'mariadb' });
  await oma.killDatabase();
  const answer = await oma.call('jobs');
  expect([answer.status, Problem.parse(answer.body).code]).toEqual([503, 'database.unavailable']);
  expect((await oma.call('health')).body).toEqual({ status: 'degraded' });
  await oma.startDatabase();
  expect((await oma.call('jobs')).status).toBe(200);
});
