import { runMatrix } from './run-matrix.js';
import { SITES } from './sites.js';

export interface MatrixOptions {
  readonly transports: readonly string[];
  readonly json: boolean;
}

export const TRANSPORTS: readonly string[] = Object.keys(SITES);

/** Runs the table against each transport and reports. @returns the exit code. */
export async function forwardingMatrix({ transports, json }: MatrixOptions): Promise<number> {
  let failed = false;
  for (const transport of transports) {
    const open = SITES[transport];
    if (!open) throw new Error(`transports are ${TRANSPORTS.join(', ')}`);
    const result = await runMatrix(open);
    failed ||= result.mismatches.length > 0;
    if (json) {
      process.stdout.write(`${JSON.stringify(result)}\n`);
      continue;
    }
    process.stdout.write(`${transport}: ${result.cases} cases, ${result.mismatches.length} mismatches\n`);
    for (const { case: what, principal, expected, seen } of result.mismatches)
      process.stdout.write(`  ${principal}: ${what}\n    expected: ${expected}\n    seen:     ${seen}\n`);
  }
  return failed ? 1 : 0;
}
