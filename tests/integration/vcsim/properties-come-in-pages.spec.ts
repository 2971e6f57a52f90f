import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Vcsim } from '../../simulators/vcsim/vcsim.js';
import { SoapSession } from './soap-session.js';

let vcsim: Vcsim;
let session: SoapSession;
beforeAll(async () => {
  vcsim = await Vcsim.start({ vms: 25 });
  session = await SoapSession.login(vcsim);
}, 240_000);
afterAll(() => vcsim?.[Symbol.asyncDispose]());

const names = (xml: string) => [...xml.matchAll(/<obj [^>]*>([^<]+)/g)].map((match) => match[1]!);
const tokenOf = (xml: string) => /<token>([^<]+)/.exec(xml)?.[1];

async function viewOf(type: string): Promise<string> {
  const xml = await session.call(
    'CreateContainerView',
    'ViewManager:ViewManager',
    `<container type="Folder">group-d1</container><type>${type}</type><recursive>true</recursive>`,
  );
  const view = /<returnval[^>]*>([^<]+)/.exec(xml)![1]!;
  return (
    `<obj type="ContainerView">${view}</obj><skip>true</skip>` +
    '<selectSet xsi:type="TraversalSpec"><name>v</name><type>ContainerView</type><path>view</path><skip>false</skip></selectSet>'
  );
}

const more = (token: string) =>
  session.call('ContinueRetrievePropertiesEx', session.collector, `<token>${token}</token>`);

describe('the property collector', () => {
  it('gives as many objects at once as it is asked for, and the rest by token', async () => {
    const all: string[] = [];
    let pages = 1;
    let xml = await session.retrieve(
      'VirtualMachine',
      ['name'],
      await viewOf('VirtualMachine'),
      '<maxObjects>10</maxObjects>',
    );
    for (;;) {
      expect(names(xml).length).toBeLessThanOrEqual(10);
      all.push(...names(xml));
      const token = tokenOf(xml);
      if (!token) break;
      xml = await more(token);
      pages++;
      await expect(more(token)).rejects.toMatchObject({ fault: 'InvalidArgument' });
    }
    expect(pages).toBe(3);
    expect(new Set(all).size).toBe(25);
  });

  it('forgets a token that was cancelled', async () => {
    const xml = await session.retrieve(
      'VirtualMachine',
      ['name'],
      await viewOf('VirtualMachine'),
      '<maxObjects>10</maxObjects>',
    );
    const token = tokenOf(xml)!;
    await session.call('CancelRetrievePropertiesEx', session.collector, `<token>${token}</token>`);
    await expect(more(token)).rejects.toMatchObject({ fault: 'InvalidArgument' });
  });

  it('answers with nothing when there is nothing', async () => {
    const xml = await session.retrieve('VirtualApp', ['name'], await viewOf('VirtualApp'));
    expect(xml).not.toContain('returnval');
  });

  it('refuses a property that the type does not have', async () => {
    const view = await viewOf('VirtualMachine');
    for (const path of ['bogus', 'runtime.bogus', 'snapshot.bogus', 'name.bogus'])
      await expect(session.retrieve('VirtualMachine', [path], view)).rejects.toMatchObject({
        fault: 'InvalidProperty',
      });
  });
});
