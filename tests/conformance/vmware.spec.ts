import { describeSourcePlugin } from '@ossea/plugin-conformance';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { VmwareSample } from '../stack/vmware-sample.js';

/* The kit on a vCenter: vcsim, with real disks and real change tracking, read over HTTPS. */

describe.each([
  ['a vCenter', {}],
  ['an ESXi host by itself', { esx: true }],
])('vmware with %s', (_what, options) => {
  let sample: VmwareSample;
  beforeAll(async () => {
    sample = await VmwareSample.make(options);
  });
  afterAll(() => sample?.[Symbol.asyncDispose]());

  describeSourcePlugin(() => sample.subject, { describe, it });
});
