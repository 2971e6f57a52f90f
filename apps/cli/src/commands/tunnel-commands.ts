import { HostKeyChange, TunnelEventPage, TunnelList, Vma } from '@ossea/api-contract';
import type { Command } from 'commander';
import type { Acting } from '../invocation.js';
import { vmaIdOf } from '../names.js';
import { TUNNEL, TUNNEL_EVENT, VMA } from '../output/columns.js';

/** tunnel list, history, cut, rotate-key, rotate-host-key. */
export function addTunnelCommands(program: Command, acting: Acting): void {
  const tunnel = program.command('tunnel').description('the connections of the VMAs');
  tunnel.command('list').action(
    acting(async (call) => {
      const { value, body } = await (await call.api()).get('/api/v1/tunnels', TunnelList);
      call.print.list(value.items, body, TUNNEL);
    }),
  );
  tunnel
    .command('history')
    .description('what the tunnel of a VMA became, newest first')
    .argument('<vma>', 'name or id')
    .action(
      acting<[string]>(async (call, [named]) => {
        const api = await call.api();
        const path = `/api/v1/tunnels/${await vmaIdOf(api, named)}/history`;
        const { value, body } = await api.get(path, TunnelEventPage);
        call.print.list(value.items, body, TUNNEL_EVENT);
      }),
    );
  tunnel
    .command('cut')
    .description('cut the live sessions of a VMA, which dials anew')
    .argument('<vma>', 'name or id')
    .action(
      acting<[string]>(async (call, [named]) => {
        const api = await call.api();
        await api.raw('POST', `/api/v1/tunnels/${await vmaIdOf(api, named)}/cut`);
        call.talk.say('Cut. It comes back by itself; "ossea vma revoke" keeps it out.');
      }),
    );
  tunnel
    .command('rotate-key')
    .description('make a connected VMA use another key, without a gap')
    .argument('<vma>', 'name or id')
    .action(
      acting<[string]>(async (call, [named]) => {
        const api = await call.api();
        const id = await vmaIdOf(api, named);
        const { value, body } = await api.post(`/api/v1/admin/vma/rotate-key/${id}`, Vma);
        call.print.one(value, body, VMA);
      }),
    );
  tunnel
    .command('rotate-host-key')
    .description('announce another host key to all VMAs; it is used when they know it')
    .option('--force', 'use it now; a VMA that does not know it must be enrolled again')
    .action(
      acting<[], { force?: true }>(async (call, _args, { force }) => {
        const sent = force ? { force } : {};
        const path = '/api/v1/admin/tunnel/rotate-host-key';
        const { value, body } = await (await call.api()).post(path, HostKeyChange, sent);
        call.print.one(value, body, [
          { head: 'host key', cell: ({ hostKeyFingerprint }) => hostKeyFingerprint },
          { head: 'next', cell: ({ nextHostKeyFingerprint }) => nextHostKeyFingerprint },
          { head: 'waits for', cell: ({ waitingFor }) => waitingFor.join(' ') },
        ]);
      }),
    );
}
