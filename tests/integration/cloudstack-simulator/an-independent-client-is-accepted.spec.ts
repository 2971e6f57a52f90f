import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CloudUnderTest } from './cloud-under-test.js';
import type { Parameters } from './cs-client.js';

let cloud: CloudUnderTest;
beforeAll(async () => {
  cloud = await CloudUnderTest.start();
});
afterAll(() => cloud?.[Symbol.asyncDispose]());

const CASES: Readonly<Record<string, Parameters>> = {
  'no parameter': {},
  'what a form encodes': { name: 'a b+c/d=e&f' },
  'what Java leaves alone': { name: 'a*b_c.d-e' },
  'what Java escapes, but not a tilde': { name: "a!b'c(d)e" },
  'other letters': { name: 'zürich-日本' },
  'a map whose fields differ in case': {
    details: { UEFI: 'LEGACY', cpuNumber: '2', memory: '1024', rootDiskController: 'virtio' },
  },
  'a map of several elements': {
    iptonetworklist: [{ ip: '10.10.0.7', networkid: 'x', mac: '02:00:00:00:00:07' }],
  },
  'names of mixed case': { Zid: 'x', Name: 'zone-1', pageSize: 5, page: 1 },
};

describe('the signature of a client that is none of ours', () => {
  for (const method of ['get', 'post'] as const) {
    for (const [title, parameters] of Object.entries(CASES)) {
      it(`is accepted with ${title}, by ${method.toUpperCase()}`, async () => {
        await expect(cloud.cs.call('listZones', parameters, { method })).resolves.toBeDefined();
      });
    }

    it(`is refused with a tilde, which it does not escape as Java does, by ${method.toUpperCase()}`, async () => {
      const refusal = await cloud.cs.refused('listZones', { name: 'a~b' }, { method });
      expect(refusal).toMatchObject({
        status: 401,
        error: {
          uuidList: [],
          errorcode: 401,
          errortext: 'unable to verify user credentials and/or request signature',
        },
      });
    });
  }

  it('is accepted from its command line', async () => {
    const { apiKey, secretKey } = cloud.simulator.keys.user;
    const { stdout } = await promisify(execFile)(
      '/usr/bin/python3',
      ['-m', 'cs', 'listZones', 'name=zone-1'],
      {
        env: {
          PATH: '/usr/bin:/bin',
          CLOUDSTACK_ENDPOINT: cloud.simulator.url,
          CLOUDSTACK_KEY: apiKey,
          CLOUDSTACK_SECRET: secretKey,
        },
      },
    );
    expect(JSON.parse(stdout)).toMatchObject({ count: 1, zone: [{ id: cloud.simulator.ids.zone }] });
  });
});
