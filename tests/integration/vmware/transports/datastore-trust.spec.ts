import { X509Certificate } from 'node:crypto';
import type { PeerCertificate } from '@ossea/plugin-sdk';
import { beforeAll, describe, expect, it } from 'vitest';
import { certify, type KeyAndCertificate } from './certificates.js';
import { openDatastoreBench } from './datastore-bench.js';
import { call, contentOf, errorOf, hashOf, snapshotDisk } from './reader-bench.js';

const HERE = ['IP:127.0.0.1'];

function pinned({ cert }: KeyAndCertificate): PeerCertificate {
  const x509 = new X509Certificate(cert);
  return { pem: cert, sha1: x509.fingerprint, sha256: x509.fingerprint256, names: ['127.0.0.1'] };
}

describe('whom the datastore reader trusts', () => {
  let authority: KeyAndCertificate;
  let signed: KeyAndCertificate;
  let own: KeyAndCertificate;
  beforeAll(async () => {
    authority = await certify({ commonName: 'VMCA', authority: true });
    signed = await certify({ commonName: 'vc', names: HERE, signedBy: authority });
    own = await certify({ commonName: 'vc', names: HERE });
  });

  async function reads(shown: KeyAndCertificate, more: object): Promise<void> {
    await using bench = await openDatastoreBench(shown);
    const lease = await (await bench.transport(more)).open(snapshotDisk(), call);
    expect(await contentOf(lease)).toBe(await hashOf(bench.file));
    expect(bench.started[0]!.args.join(' ')).not.toContain('unix-socket-path');
    await lease[Symbol.asyncDispose]();
  }

  async function distrusts(shown: KeyAndCertificate, more: object): Promise<void> {
    await using bench = await openDatastoreBench(shown);
    const error = await errorOf((await bench.transport(more)).open(snapshotDisk(), call));
    expect(error).toMatchObject({ code: 'peer.untrusted' });
    // the cookie goes to nobody who was not checked
    expect(bench.server.seen).toEqual([]);
    expect(await bench.leftovers()).toEqual([]);
  }

  it('a pinned certificate that signed itself', () => reads(own, { certificate: pinned(own) }));
  it('a pinned certificate of a CA that is not known', () => reads(signed, { certificate: pinned(signed) }));
  it('every certificate of the CA of the settings, with the right name', async () => {
    await reads(signed, { caPem: authority.cert, certificate: pinned(own) });
  });

  it('not another certificate than the pinned one', () => distrusts(own, { certificate: pinned(signed) }));
  it('not another certificate of the same CA when one is pinned', async () => {
    const other = await certify({ commonName: 'vc', names: HERE, signedBy: authority });
    await distrusts(other, { certificate: pinned(signed) });
  });
  it('no certificate of the CA with another name', async () => {
    const other = await certify({ commonName: 'vc', names: ['DNS:other.example'], signedBy: authority });
    await distrusts(other, { caPem: authority.cert });
  });
  it("with the system's CAs, none of ours", () => distrusts(signed, { trustedBy: 'ca' }));

  it('a certificate without a name that could stand in a URL makes the reader unusable', async () => {
    const nameless = await certify({ commonName: 'VMware default certificate' });
    await using bench = await openDatastoreBench(nameless);
    expect((await bench.transport()).assess(snapshotDisk())).toMatchObject({
      usable: false,
      because: expect.stringMatching(/made out to no name/) as string,
    });
  });
});
