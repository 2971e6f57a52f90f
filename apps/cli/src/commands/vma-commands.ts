import {
  PairingCode,
  PairingCodeList,
  PairingCodeRecord,
  type ApproveVma,
  PluginFileList,
  Vma,
  VmaList,
} from '@ossea/api-contract';
import type { Command } from 'commander';
import { CliError, EXIT } from '../exit-codes.js';
import type { Acting, Invocation } from '../invocation.js';
import { vmaIdOf, vmas } from '../names.js';
import { PAIRING_CODE, PLUGIN_FILE, VMA } from '../output/columns.js';
import { uploadArchive } from '../upload-archive.js';

export function addVmaCommands(program: Command, acting: Acting): void {
  const vma = program.command('vma').description('appliances at the sources');
  vma.command('list').action(
    acting(async (call) => {
      const { value, body } = await (await call.api()).get('/api/v1/admin/vma', VmaList);
      call.print.list(value.items, body, VMA);
    }),
  );
  vma
    .command('pairing-code')
    .description('a code that lets one VMA ask to be enrolled; it is shown this once')
    .option('--name <name>', 'what the VMA is to be called')
    .action(
      acting<[], { name?: string }>(async (call, _args, { name }) => {
        const asked = name === undefined ? {} : { name };
        const { value, body } = await (
          await call.api()
        ).post('/api/v1/admin/vma/pairing-code', PairingCode, asked);
        call.print.one(value, body, [
          { head: 'code', cell: ({ code }) => code },
          { head: 'host key', cell: ({ hostKeyFingerprint }) => hostKeyFingerprint },
          { head: 'tunnel port', cell: ({ tunnelPort }) => tunnelPort },
          { head: 'ends at', cell: ({ expiresAt }) => expiresAt },
        ]);
        call.talk.say(
          'Type code and host key at the VMA, then compare its fingerprint: ossea vma approve <vma>',
        );
      }),
    );
  vma
    .command('pairing-codes')
    .description('the pairing codes of the last day, without the codes')
    .action(
      acting(async (call) => {
        const { value, body } = await (
          await call.api()
        ).get('/api/v1/admin/vma/pairing-code', PairingCodeList);
        call.print.list(value.items, body, PAIRING_CODE);
      }),
    );
  vma
    .command('withdraw-code')
    .description('make a pairing code void that no VMA has used')
    .argument('<id>', 'as `vma pairing-codes` shows it')
    .action(
      acting<[string]>(async (call, [id]) => {
        const { value, body } = await (
          await call.api()
        ).delete(`/api/v1/admin/vma/pairing-code/${encodeURIComponent(id)}`, PairingCodeRecord);
        call.print.one(value, body, PAIRING_CODE);
      }),
    );
  vma
    .command('approve')
    .description('let a VMA in, after you have compared its fingerprint')
    .argument('<vma>', 'name or id')
    .option('--fingerprint <fingerprint>', 'the fingerprint that the VMA shows, as SHA256:…')
    .option('--words <words>', 'or the six words that it shows')
    .action(acting<[string], ApproveVma>((call, [named], compared) => approve(call, named, compared)));
  vma
    .command('reject')
    .description('turn a VMA away')
    .argument('<vma>', 'name or id')
    .action(
      acting<[string]>(async (call, [named]) => {
        const api = await call.api();
        const { value, body } = await api.post(`/api/v1/admin/vma/reject/${await vmaIdOf(api, named)}`, Vma);
        call.print.one(value, body, VMA);
      }),
    );
  vma
    .command('revoke')
    .description('shut a VMA out for good; its session is cut')
    .argument('<vma>', 'name or id')
    .option('--yes', 'do not ask')
    .action(
      acting<[string], { yes?: true }>(async (call, [named], { yes }) => {
        const api = await call.api();
        const id = await vmaIdOf(api, named);
        if (!yes) await call.talk.confirm(`Shut ${named} out for good?`, '--yes');
        const { value, body } = await api.delete(`/api/v1/admin/vma/revoke/${id}`, Vma);
        call.print.one(value, body, VMA);
      }),
    );
  vma
    .command('files')
    .description('software that the plugins of a VMA want brought, and what was')
    .argument('<vma>', 'name or id')
    .action(
      acting<[string]>(async (call, [named]) => {
        const api = await call.api();
        const path = `/api/v1/admin/vma/${await vmaIdOf(api, named)}/plugin-files`;
        const { value, body } = await api.get(path, PluginFileList);
        call.print.list(value.items, body, PLUGIN_FILE);
      }),
    );
  vma
    .command('bring')
    .description('upload such software, as its maker packed it (.tar.gz)')
    .argument('<vma>', 'name or id')
    .argument('<plugin>', 'the plugin that wants it')
    .argument('<file>', 'what the plugin calls it')
    .argument('<archive>', 'the .tar.gz')
    .action(
      acting<[string, string, string, string]>(async (call, [named, plugin, file, archive]) => {
        const api = await call.api();
        const base = `/api/v1/admin/vma/${await vmaIdOf(api, named)}/plugin-files/${plugin}/${file}`;
        const { value, body } = await uploadArchive(api, base, archive);
        call.print.list(value.items, body, PLUGIN_FILE);
      }),
    );
}

/** What was compared goes with the approval, so that no other key slips in between. */
async function approve(call: Invocation, named: string, compared: ApproveVma): Promise<void> {
  const api = await call.api();
  const id = await vmaIdOf(api, named);
  if (compared.fingerprint === undefined && compared.words === undefined) {
    const asking = (await vmas(api)).find((vma) => vma.id === id);
    if (!asking) throw new CliError(EXIT.notFound, `There is no VMA ${id}.`);
    const { name, fingerprint, words } = asking;
    call.talk.say(`${name} shows itself with the key\n\n    ${fingerprint}\n    ${words}\n`);
    await call.talk.confirm('Is that what stands on its console?', '--fingerprint SHA256:… or --words');
    compared = { fingerprint };
  }
  const { value, body } = await api.post(`/api/v1/admin/vma/approve/${id}`, Vma, compared);
  call.print.one(value, body, VMA);
}
