import { ERRORS, isMigrationError, type ErrorCode } from '@ossea/errors';
import type { SourceSession } from '@ossea/plugin-sdk';
import { certify } from '@ossea/plugin-sdk/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../../stack/free-port.js';
import { SAMPLE_VM, VmwareSample, type VmwareSettings } from '../../stack/vmware-sample.js';
import { readEndpoint } from '../../stack/read-endpoint.js';
import { createProcessRunner } from '@ossea/process';

const call = { signal: new AbortController().signal };
let sample: VmwareSample;
beforeAll(async () => {
  sample = await VmwareSample.make();
});
afterAll(() => sample?.[Symbol.asyncDispose]());
beforeEach(async () => {
  await sample.vcsim.clearFaults();
  await sample.vcsim.clearCalls();
});

/** A problem that a person can do something with: its code has a remedy, its message says what happened. */
async function refused(code: ErrorCode, words: RegExp, action: () => Promise<unknown>): Promise<void> {
  const thrown = await action().then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(isMigrationError(thrown), String(thrown)).toBe(true);
  expect(thrown).toMatchObject({ code, message: expect.stringMatching(words) as string });
  expect(ERRORS[code].remedy.length).toBeGreaterThan(10);
}

describe('connecting', () => {
  const connect = async (different: Partial<VmwareSettings>) => {
    await using session = await sample.connect(different);
    return session.can;
  };

  it('with a wrong password asks the server twice at most', async () => {
    for (let round = 0; round < 3; round += 1)
      await refused('auth.rejected', /./, () => connect({ password: 'wr0ng-passw0rd' }));
    expect((await sample.vcsim.calls())['Login']).toBe(2);
    // a corrected one is tried at once
    await connect({});
  });

  it('with another pin says which fingerprint was shown, and sends nothing', async () => {
    const pin = Array.from({ length: 32 }, () => 'AB').join(':');
    await refused('peer.untrusted', new RegExp(sample.vcsim.sha256), () =>
      connect({ certificateSha256: pin }),
    );
    expect(await sample.vcsim.calls()).toEqual({});
  });

  it('without a pin does not trust a certificate that no CA has signed', async () => {
    await refused('peer.untrusted', /./, () => connect({ certificateSha256: undefined }));
    expect(await sample.vcsim.calls()).toEqual({});
  });

  it('where nobody listens says where', async () => {
    const port = await freePort();
    await refused('peer.unreachable', new RegExp(String(port)), () => connect({ port }));
  });

  it('with settings that cannot be right names the fields, and not what was given', async () => {
    await refused('config.invalid', /host: .*without https/, () => connect({ host: 'https://vc/sdk' }));
    await refused('config.invalid', /certificateSha256: .*64 hex/, () =>
      connect({ certificateSha256: 'AA:BB' }),
    );
  });
});

describe('an expired certificate', () => {
  let expired: VmwareSample;
  beforeAll(async () => {
    const day = 86_400_000;
    const { cert: certPem, key: keyPem } = certify({
      name: 'vcenter.test',
      names: ['vcenter.test'],
      notBefore: new Date(Date.now() - 2 * day),
      notAfter: new Date(Date.now() - day),
    });
    expired = await VmwareSample.make({ certificate: { certPem, keyPem } });
  });
  afterAll(() => expired?.[Symbol.asyncDispose]());

  it('is refused though it is the pinned one, and the message says when it ended', async () => {
    await refused('peer.untrusted', /expired|ended|until/i, () => expired.connect());
  });
});

describe('in a cycle', () => {
  let session: SourceSession;
  beforeEach(async () => {
    session = await sample.connect();
  });
  const end = () => session[Symbol.asyncDispose]();
  let keys = 0;
  const snapshot = () =>
    session.snapshots.create({ vm: sample.vm, quiesce: false }, { key: `bad-${(keys += 1)}`, ...call });

  it('a read-only licence is named, and what to do about it', async () => {
    await sample.vcsim.inject({ method: 'CreateSnapshot_Task', fault: 'RestrictedVersion', times: 1 });
    await refused('license.restricted', /licence of the host/, snapshot);
    await session.snapshots.remove(await snapshot(), call);
    await end();
  });

  it('a missing privilege is named', async () => {
    await sample.vcsim.inject({
      method: 'CreateSnapshot_Task',
      fault: 'NoPermission',
      fields: { privilegeId: 'VirtualMachine.State.CreateSnapshot' },
      times: 1,
    });
    await refused('peer.forbidden', /VirtualMachine\.State\.CreateSnapshot/, snapshot);
    await sample.vcsim.denyPrivileges(['VirtualMachine.State.CreateSnapshot', 'Datastore.Browse']);
    const { concerns } = await session.inventory.describe(sample.vm, call);
    expect(concerns).toContainEqual(
      expect.objectContaining({
        code: 'account.lacks-privilege',
        severity: 'blocker',
        message: expect.stringContaining('VirtualMachine.State.CreateSnapshot') as string,
      }),
    );
    const matrix = await session.can.privileges!.list(call);
    expect(
      matrix
        .filter(({ granted }) => !granted)
        .map(({ id }) => id)
        .toSorted(),
    ).toEqual(['Datastore.Browse', 'VirtualMachine.State.CreateSnapshot']);
    await sample.vcsim.denyPrivileges([]);
    await end();
  });

  it('a host with as many sessions as it allows is busy, and serves the next reader', async () => {
    const ref = await snapshot();
    await sample.vcsim.inject({ method: 'folder', fault: 'HTTP503', times: -1 });
    await refused('resource.busy', /at once|sessions|limit/i, () =>
      session.disks.open(sample.disks[0]!, ref, call),
    );
    await sample.vcsim.clearFaults();
    const lease = await session.disks.open(sample.disks[0]!, ref, call);
    const range = { offset: 0, length: 512 };
    expect((await readEndpoint(createProcessRunner(), lease.value, range, sample.directory)).length).toBe(
      512,
    );
    await lease[Symbol.asyncDispose]();
    await session.snapshots.remove(ref, call);
    await end();
  });

  it('a disk on a chain is refused, and the reason names VDDK', async () => {
    await sample.vcsim.takeForeignSnapshot(SAMPLE_VM, 'foreign');
    const ref = await snapshot();
    await refused('source.blocked', /stands on another one/, () =>
      session.disks.open(sample.disks[0]!, ref, call),
    );
    await session.snapshots.remove(ref, call);
    await sample.removeAllSnapshots();
    await end();
  });

  it('a machine that is deleted meanwhile is not found, whatever is asked', async () => {
    const ref = await snapshot();
    await sample.vcsim.destroyVm(SAMPLE_VM);
    await refused('resource.not-found', /machine/, () => session.inventory.describe(sample.vm, call));
    await refused('resource.not-found', /snapshot/, () => session.disks.open(sample.disks[0]!, ref, call));
    await refused('resource.not-found', /machine/, snapshot);
    // what is gone needs no removal
    await session.snapshots.remove(ref, call);
    await end();
  });
});
