import type { AuditAction } from '@ossea/api-contract';

/** What a route leaves in the audit log; or why it leaves nothing. */
export type Audited = readonly AuditAction[] | { readonly nothing: string };

/** Every route that is not a GET. One that is missing here is not audited, or nobody has thought about it. */
export const AUDITED_ROUTES: Readonly<Record<string, Audited>> = {
  'POST /api/v1/access/set-up': ['access.set-up'],
  'POST /api/v1/access/recover': ['access.recover'],
  'POST /api/v1/access/sign-in': ['access.sign-in', 'access.sign-in-failed'],
  'POST /api/v1/access/sign-out': ['access.sign-out'],
  'POST /api/v1/access/reauthenticate': ['access.reauthenticate', 'access.sign-in-failed'],
  'POST /api/v1/access/password': ['access.password'],
  'DELETE /api/v1/access/sessions/{id}': ['access.sign-out'],
  'POST /api/v1/access/tokens': ['api-token.create'],
  'DELETE /api/v1/access/tokens/{id}': ['api-token.end'],
  'POST /api/v1/admin/users': ['user.create'],
  'PATCH /api/v1/admin/users/{id}': ['user.change'],
  'DELETE /api/v1/admin/users/{id}': ['user.remove'],
  'DELETE /api/v1/admin/users/{id}/sessions': ['user.sign-out'],
  'DELETE /api/v1/admin/tokens/{id}': ['api-token.end'],
  'POST /api/v1/admin/secrets/rotate': ['job.start', 'secrets.rotate'],
  'POST /api/v1/admin/secrets/rewrap': ['job.start', 'secrets.rewrap'],
  'POST /api/v1/admin/vma/pairing-code': ['job.start', 'vma.pairing-code'],
  'DELETE /api/v1/admin/vma/pairing-code/{id}': ['job.start', 'vma.pairing-code-withdraw'],
  'POST /api/v1/admin/vma/approve/{id}': ['job.start', 'vma.approve'],
  'POST /api/v1/admin/vma/reject/{id}': ['job.start', 'vma.reject'],
  'POST /api/v1/admin/vma/rotate-key/{id}': ['job.start', 'vma.rotate-key'],
  'DELETE /api/v1/admin/vma/revoke/{id}': ['job.start', 'vma.revoke'],
  'POST /api/v1/admin/tunnel/rotate-host-key': [
    'job.start',
    'tunnel.rotate-host-key',
    'tunnel.host-key-in-use',
  ],
  'PUT /api/v1/admin/vma/{id}/plugin-files/{plugin}/{file}': {
    nothing: 'a piece of an archive has no effect before the archive is installed',
  },
  'POST /api/v1/admin/vma/{id}/plugin-files/{plugin}/{file}/install': ['job.start'],
  'POST /api/v1/connections': ['connection.create'],
  'PATCH /api/v1/connections/{id}': ['connection.change'],
  'DELETE /api/v1/connections/{id}': ['connection.delete'],
  'POST /api/v1/connections/{id}/test': { nothing: 'a trial changes nothing' },
  'POST /api/v1/settings/{plugin}/discover-all': ['set-up.discover'],
  'POST /api/v1/settings/{plugin}/validate': ['job.start'],
  'POST /api/v1/settings/{plugin}/save': ['connection.create', 'set-up.save'],
  'POST /api/v1/discovery/discover-vms': { nothing: 'it reads an inventory' },
  'POST /api/v1/discovery/describe-vm': { nothing: 'it reads an inventory' },
  'POST /api/v1/discovery/add-vms': ['job.start', 'vm.add'],
  'POST /api/v1/tunnels/{vmaId}/cut': ['tunnel.cut'],
  'PUT /api/v1/network-mappings': ['network-mapping.change'],
  'POST /api/v1/replications': ['job.start'],
  'POST /api/v1/vm-contexts/{id}/verify': ['job.start'],
  'POST /api/v1/vm-contexts/{id}/retry': ['job.start'],
  'POST /api/v1/vm-contexts/{id}/release': ['vm.release', 'job.start'],
  'POST /api/v1/failover/test': ['job.start'],
  'POST /api/v1/failover/cleanup': ['job.start'],
  'POST /api/v1/failover/live': ['job.start'],
  'POST /api/v1/failover/rollback': ['job.start'],
  'POST /api/v1/failover/commit': ['job.start'],
  'POST /api/v1/failover/runs/{id}/console': ['failover.console'],
  'POST /api/v1/jobs/{id}/cancel': ['job.cancel'],
};

/** What is written without a request to this API. */
export const AUDITED_OTHERWISE: readonly AuditAction[] = ['vma.enrolment-request', 'vma.key-in-use'];
