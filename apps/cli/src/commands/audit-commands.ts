import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { AuditHead, AuditPage } from '@ossea/api-contract';
import type { Command } from 'commander';
import type { Acting, Invocation } from '../invocation.js';
import { AUDIT } from '../output/columns.js';
import { verifyFiles, type VerifyOptions } from '../verify-audit-files.js';

const PATH = '/api/v1/audit';

interface Period {
  readonly from?: string;
  readonly to?: string;
}

interface ListOptions extends Period {
  readonly actor?: string;
  readonly action?: string;
  readonly subject?: string;
  readonly limit: string;
}

/** Who changed what, and whether that is still as it was written. */
export function addAuditCommands(program: Command, acting: Acting): void {
  const audit = program.command('audit').description('who changed what');
  within(audit.command('list').description('newest first'))
    .option('--actor <name>', 'who did it, by name or id')
    .option('--action <action>', 'such as vma.approve')
    .option('--subject <id>', 'what it happened to')
    .option('--limit <count>', 'how many', '50')
    .action(
      acting<[], ListOptions>(async (call, _args, options) => {
        const { value, body } = await (await call.api()).get(PATH, AuditPage, { ...options });
        call.print.list(value.items, body, AUDIT);
      }),
    );
  within(audit.command('export').description('every row as a line of JSON, oldest first'))
    .option('--file <file>', 'where to; standard output unless told')
    .action(acting<[], Period & { file?: string }>((call, _args, options) => exportTo(call, options)));
  audit
    .command('key')
    .description('the public key that anchors are signed with, in PEM: keep it elsewhere')
    .action(
      acting(async (call) => {
        const { value } = await (await call.api()).get(`${PATH}/head`, AuditHead);
        call.print.line(value.publicKey.trimEnd());
      }),
    );
  audit
    .command('verify')
    .description('checks an export without the appliance: exit code 1 where it is not as it was written')
    .requiredOption('--file <file>', 'the export')
    .requiredOption('--anchors <files...>', 'anchors that were kept elsewhere')
    .requiredOption('--public-key <file>', 'PEM of the key that signed the anchors')
    .option('--part', 'the export is a part of the log, made with --from or --to')
    .action(
      acting<[], VerifyOptions>(async (call, _args, options) => call.print.line(await verifyFiles(options))),
    );
}

function within(command: Command): Command {
  return command
    .option('--from <moment>', 'the first moment, such as 2026-01-31T00:00:00Z')
    .option('--to <moment>', 'the first moment that is not wanted any more');
}

async function exportTo(call: Invocation, { file, from, to }: Period & { file?: string }): Promise<void> {
  const api = await call.api();
  if (file === undefined) return api.download(`${PATH}/export`, call.host.stdout, { from, to });
  const stream = createWriteStream(file, { mode: 0o600 });
  const written = finished(stream);
  try {
    await Promise.race([api.download(`${PATH}/export`, stream, { from, to }), written]);
  } finally {
    stream.end();
    await written;
  }
  call.talk.say(`Written to ${file}.`);
}
