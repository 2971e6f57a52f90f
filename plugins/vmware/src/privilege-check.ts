import type { CallOptions, PrivilegeReport, PrivilegeState } from '@ossea/plugin-sdk';
import { guarded } from './guarded.js';
import { PRIVILEGES } from './privileges.js';
import type { ManagedObjectReference } from './vim25/index.js';
import type { Vsphere } from './vsphere.js';
import { readProperties } from './vim25/index.js';

/** What the account may do, asked of vSphere every time: roles change while sessions live. */
export class PrivilegeCheck implements PrivilegeReport {
  /** The privileges that this release of vSphere knows; it faults when it is asked for others. */
  private known: Promise<ReadonlySet<string>> | undefined;

  constructor(private readonly vsphere: Vsphere) {}

  /** At the top of the inventory: what a machine below has of its own is asked when it is described. */
  list(call: CallOptions): Promise<readonly PrivilegeState[]> {
    return guarded(call, () => this.on(this.vsphere.client.content.rootFolder, call));
  }

  /** The same at one object. */
  async on(entity: ManagedObjectReference, call: CallOptions): Promise<PrivilegeState[]> {
    const { client } = this.vsphere;
    const manager = client.content.authorizationManager;
    const session = client.sessionKey;
    if (!manager) return PRIVILEGES.map((privilege) => ({ ...privilege, granted: true }));
    const known = await this.knownPrivileges(manager, call);
    const asked = PRIVILEGES.filter(({ id }) => known.has(id));
    const privId = asked.map(({ id }) => id);
    const [answer] = await client.call(
      'HasPrivilegeOnEntities',
      manager,
      { entity: [entity], sessionId: session, privId },
      call,
    );
    const granted = new Map(
      (answer?.privAvailability ?? []).map(({ privId: id, isGranted }) => [id, isGranted]),
    );
    return asked.map((privilege) => ({ ...privilege, granted: granted.get(privilege.id) ?? false }));
  }

  private knownPrivileges(
    manager: ManagedObjectReference<'AuthorizationManager'>,
    call: CallOptions,
  ): Promise<ReadonlySet<string>> {
    this.known ??= readProperties(this.vsphere.client, manager, ['privilegeList'], call).then(({ props }) => {
      const list = (props['privilegeList'] ?? []) as readonly { readonly privId: string }[];
      return new Set(list.map(({ privId }) => privId));
    });
    // what failed is asked again
    this.known.catch(() => (this.known = undefined));
    return this.known;
  }
}
