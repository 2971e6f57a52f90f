import {
  Connection,
  ConnectionPage,
  ConnectionTest,
  NetworkMapping,
  NetworkMappingList,
  TargetNetworkList,
} from '@ossea/api-contract';
import { Option, type Command } from 'commander';
import { z } from 'zod';
import { CliError, EXIT } from '../exit-codes.js';
import type { Acting, Invocation } from '../invocation.js';
import { connectionIdOf, contextIdOf, vmaIdOf } from '../names.js';
import { CONNECTION, MAPPING, NETWORK } from '../output/columns.js';

interface AddOptions {
  readonly name: string;
  readonly kind: string;
  readonly plugin: string;
  readonly vma?: string;
}

export function addConnectionCommands(program: Command, acting: Acting): void {
  const connection = program.command('connection').description('configured sources and targets');
  connection.command('list').action(
    acting(async (call) => {
      const { value, body } = await (await call.api()).list('/api/v1/connections', ConnectionPage);
      call.print.list(value, body, CONNECTION);
    }),
  );
  connection
    .command('add')
    .description('configure a plugin; its settings stand on standard input as JSON')
    .requiredOption('--name <name>', 'what it is to be called')
    .addOption(new Option('--kind <kind>').choices(['source', 'target']).makeOptionMandatory())
    .requiredOption('--plugin <id>', 'see: ossea plugin list')
    .option('--vma <vma>', 'the appliance that reaches it, by name or id; sources only')
    .action(acting<[], AddOptions>((call, _args, options) => add(call, options)));
  connection
    .command('test')
    .description('really connect, and say what the connection can do')
    .argument('<connection>', 'name or id')
    .action(
      acting<[string]>(async (call, [named]) => {
        const api = await call.api();
        const path = `/api/v1/connections/${await connectionIdOf(api, named)}/test`;
        const { value, body } = await api.post(path, ConnectionTest);
        call.print.one(value, body, [
          { head: 'connects', cell: ({ ok }) => ok },
          { head: 'capabilities', cell: ({ capabilities }) => capabilities.join(' ') },
          { head: 'took', cell: ({ durationMs }) => `${durationMs} ms` },
        ]);
      }),
    );
  connection
    .command('remove')
    .description('remove a connection that no machine uses')
    .argument('<connection>', 'name or id')
    .action(
      acting<[string]>(async (call, [named]) => {
        const api = await call.api();
        await api.delete(`/api/v1/connections/${await connectionIdOf(api, named)}`, z.unknown());
        call.talk.say(`${named} is removed.`);
      }),
    );
}

async function add(call: Invocation, { name, kind, plugin, vma }: AddOptions): Promise<void> {
  const api = await call.api();
  const vmaId = vma === undefined ? undefined : await vmaIdOf(api, vma);
  const settings = await call.talk.json('Settings');
  const sent = { name, kind, pluginId: plugin, settings, ...(vmaId === undefined ? {} : { vmaId }) };
  const { value, body } = await api.post('/api/v1/connections', Connection, sent);
  call.print.one(value, body, CONNECTION);
}

interface MapOptions {
  readonly live?: string;
  readonly test?: string;
}

export function addNetworkCommands(program: Command, acting: Acting): void {
  const network = program.command('network').description('where network cards go');
  network
    .command('list')
    .description('the networks of a target, or the mappings of a machine')
    .option('--connection <connection>', 'a target, by name or id')
    .option('--vm <vm>', 'a machine, by name or id')
    .action(
      acting<[], { connection?: string; vm?: string }>(async (call, _args, { connection, vm }) => {
        const api = await call.api();
        if ((connection === undefined) === (vm === undefined))
          throw new CliError(EXIT.usage, 'Give either --connection or --vm.');
        if (connection !== undefined) {
          const connectionId = await connectionIdOf(api, connection);
          const { value, body } = await api.get('/api/v1/networks/available', TargetNetworkList, {
            connectionId,
          });
          return call.print.list(value.items, body, NETWORK);
        }
        const contextId = await contextIdOf(api, vm ?? '');
        const { value, body } = await api.get('/api/v1/network-mappings', NetworkMappingList, { contextId });
        call.print.list(value.items, body, MAPPING);
      }),
    );
  network
    .command('map')
    .description('map a source network of a machine; what is left out is unmapped')
    .argument('<vm>', 'name or id')
    .argument('<source-network>')
    .option('--live <network>', 'target network after a live failover')
    .option('--test <network>', 'target network of a test failover; an isolated one unless told')
    .action(
      acting<[string, string], MapOptions>(async (call, [named, sourceNetwork], { live, test }) => {
        const api = await call.api();
        const { value, body } = await api.put('/api/v1/network-mappings', NetworkMapping, {
          contextId: await contextIdOf(api, named),
          sourceNetwork,
          ...(live === undefined ? {} : { liveNetwork: live }),
          ...(test === undefined ? {} : { testNetwork: test }),
        });
        call.print.one(value, body, MAPPING);
      }),
    );
}
