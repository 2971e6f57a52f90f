import type { Cloud } from '../cloud.js';
import type { Payload } from '../protocol/answer-text.js';
import { cidrOf } from '../state/addresses.js';
import type { Network } from '../state/model.js';
import { ownership, tagsView } from './ownership-view.js';

/** Whether machines can be put on it; one that is being taken down takes none. */
export const canBeUsed = ({ state }: Network): boolean => !['Shutdown', 'Destroy'].includes(state);

export function networkView(cloud: Cloud, network: Network): Payload {
  const { offering, zone, subnet, account } = network;
  return {
    id: network.id,
    name: network.name,
    displaytext: network.displayText,
    state: network.state,
    type: network.type,
    traffictype: 'Guest',
    acltype: account ? 'Account' : 'Domain',
    zoneid: zone.id,
    zonename: zone.name,
    ...(subnet ? { ...subnet, cidr: cidrOf(subnet) } : {}),
    networkdomain: network.domainName,
    ...(network.vlan === undefined ? {} : { vlan: network.vlan, broadcasturi: `vlan://${network.vlan}` }),
    broadcastdomaintype: 'Vlan',
    networkofferingid: offering.id,
    networkofferingname: offering.name,
    canusefordeploy: canBeUsed(network),
    ispersistent: false,
    issystem: false,
    isdefault: false,
    restartrequired: false,
    specifyipranges: network.type === 'Shared',
    specifyvlan: offering.specifyVlan,
    subdomainaccess: !account,
    ...(account ? ownership(cloud, account) : { domainid: cloud.world.domains.all()[0]?.id, domain: 'ROOT' }),
    service: network.type === 'L2' ? [] : [{ name: 'Dhcp' }, { name: 'UserData' }],
    tags: tagsView(cloud, network.id),
  };
}
