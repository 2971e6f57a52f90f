import { SOURCE_CALLS, type SourceCallName, type SourceCallResult } from '@ossea/agent-protocol';
import { MigrationError } from '@ossea/errors';

/** What a plugin answered to a call, as the protocol has it. Throws `plugin.broken-contract` that names the field. */
export function checkedAnswer<N extends SourceCallName>(call: N, answer: unknown): SourceCallResult<N> {
  const parsed = SOURCE_CALLS[call].result.safeParse(answer);
  if (parsed.success) return parsed.data as SourceCallResult<N>;
  const field = parsed.error.issues[0]?.path.join('.') ?? '';
  throw new MigrationError(
    'plugin.broken-contract',
    `The plugin's answer to "${call}" is wrong at "${field}".`,
    {
      context: { call, field },
    },
  );
}
