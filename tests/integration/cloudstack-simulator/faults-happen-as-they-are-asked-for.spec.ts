import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { CloudUnderTest } from './cloud-under-test.js';
import { rawRequest } from './raw-request.js';

let cloud: CloudUnderTest;
beforeAll(async () => {
  cloud = await CloudUnderTest.start({ jobMs: 5 });
});
afterEach(() => cloud.simulator.clearFaults());
afterAll(() => cloud?.[Symbol.asyncDispose]());

const volumes = (name: string) => cloud.simulator.inventory().volumes.filter((one) => one.name === name);
const create = (name: string, options = {}) => {
  const { customDiskOffering: diskofferingid, zone: zoneid } = cloud.simulator.ids;
  return cloud.cs.call('createVolume', { name, diskofferingid, zoneid, size: 1 }, options);
};

describe('a fault', () => {
  it('cuts the answer off after the effect', async () => {
    cloud.simulator.inject({ command: 'createVolume', kind: 'answer-lost' });
    await expect(create('lost')).rejects.toMatchObject({ status: 0 });
    expect(volumes('lost')).toHaveLength(1);
    expect(cloud.simulator.requests().at(-1)).toMatchObject({ command: 'createVolume', answered: 0 });
    await create('not-lost');
  });

  it('carries a request out twice, and gives the second answer', async () => {
    cloud.simulator.inject({ command: 'createVolume', kind: 'answer-doubled' });
    const { volume } = await create('doubled');
    expect(volumes('doubled')).toHaveLength(2);
    expect(volumes('doubled')[1]!.id).toBe(volume.id);
  });

  it('fails a job before or after its effect', async () => {
    const id = await cloud.volume();
    const parameters = { id, virtualmachineid: cloud.simulator.applianceVmId };
    cloud.simulator.inject({ command: 'attachVolume', kind: 'job-fails', text: 'no' });
    expect((await cloud.cs.refused('attachVolume', parameters)).error).toEqual({
      errorcode: 530,
      errortext: 'no',
    });
    expect(cloud.simulator.inventory().volumes.find((one) => one.id === id)!.vmId).toBeUndefined();
    cloud.simulator.inject({ command: 'attachVolume', kind: 'job-fails-after-effect', code: 533 });
    expect((await cloud.cs.refused('attachVolume', parameters)).error.errorcode).toBe(533);
    expect(cloud.simulator.inventory().volumes.find((one) => one.id === id)!.vmId).toBeDefined();
  });

  it('lets a job never end, and others go on; an operator ends it', async () => {
    const [stuck, next] = [await cloud.volume('stuck'), await cloud.volume('next')];
    cloud.simulator.inject({ command: 'attachVolume', kind: 'job-never-ends' });
    const virtualmachineid = cloud.simulator.applianceVmId;
    const { jobid } = await cloud.cs.call('attachVolume', { id: stuck, virtualmachineid }, { wait: false });
    await cloud.attach(next);
    const query = () => cloud.cs.call('queryAsyncJobResult', { jobid }, { wait: false });
    expect(await query()).toMatchObject({ jobstatus: 0, jobinstancetype: 'Volume', jobinstanceid: stuck });
    expect((await cloud.cs.call('listAsyncJobs')).asyncjobs).toMatchObject([{ jobid }]);
    expect(volumes('stuck')[0]!.vmId).toBe(virtualmachineid);
    expect((await cloud.cs.call('listVolumes', { id: stuck })).volume[0]).toMatchObject({
      jobid,
      jobstatus: 0,
    });
    cloud.simulator.operator.cancelPendingJobs();
    expect(await query()).toMatchObject({
      jobstatus: 2,
      jobresultcode: 530,
      jobresult: { errortext: 'Job is cancelled as it has been blocking others for too long' },
    });
  });

  it('answers with an error of the server, as often and as late as it is told', async () => {
    cloud.simulator.inject({ command: 'listZones', kind: 'error', status: 429, after: 1, times: 2 });
    await cloud.cs.call('listZones');
    for (let n = 0; n < 2; n += 1) {
      const { status, message } = await cloud.cs.refused('listZones');
      expect([status, message]).toEqual([429, expect.stringContaining('please retry after [1000] ms.')]);
    }
    await cloud.cs.call('listZones');
    cloud.simulator.inject({ command: 'listZones', kind: 'error', status: 503 });
    expect((await cloud.cs.refused('listZones')).status).toBe(503);
  });

  it('answers for a proxy', async () => {
    cloud.simulator.inject({ command: 'listZones', kind: 'html', status: 502 });
    const answer = await rawRequest(cloud.simulator, { command: 'listZones' });
    expect([answer.status, answer.contentType]).toEqual([502, 'text/html; charset=utf-8']);
    expect(answer.text).toContain('<html>');
  });

  it('is slow, and the effect comes when the client has gone', async () => {
    cloud.simulator.inject({ command: 'createVolume', kind: 'slow', delayMs: 150 });
    const waiting = create('slow');
    await vi.waitFor(() =>
      expect(cloud.simulator.requests().at(-1)).toMatchObject({ command: 'createVolume' }),
    );
    expect(volumes('slow')).toHaveLength(0);
    await waiting;
    expect(volumes('slow')).toHaveLength(1);
  });
});

describe('tags', () => {
  it('are put on once, found by their key, and taken off', async () => {
    const { volume } = await create('tagged');
    const tag = (value: string) => ({
      ...{ resourceids: volume.id, resourcetype: 'Volume' },
      tags: [{ key: 'job', value }],
    });
    await cloud.cs.call('createTags', tag('one'), { method: 'post' });
    const again = await cloud.cs.refused('createTags', tag('two'));
    expect(again.error).toEqual({
      errorcode: 530,
      errortext: `tag job already on Volume with id ${volume.id}`,
    });
    for (const tags of [[{ key: 'job' }], [{ key: 'job', value: 'one' }]])
      expect((await cloud.cs.call('listVolumes', { tags })).volume).toMatchObject([
        { id: volume.id, tags: [{ key: 'job', value: 'one' }] },
      ]);
    expect(await cloud.cs.call('listVolumes', { tags: [{ key: 'job', value: 'two' }] })).toEqual({});
    expect((await cloud.cs.call('listTags', { key: 'job' })).tag).toHaveLength(1);
    await cloud.cs.call('deleteTags', { resourceids: volume.id, resourcetype: 'Volume' });
    expect(await cloud.cs.call('listTags', { key: 'job' })).toEqual({});
  });
});

it('sees nothing that must never happen', () => {
  expect(cloud.simulator.violations()).toEqual([]);
});
