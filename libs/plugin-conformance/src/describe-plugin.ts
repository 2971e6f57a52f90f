import { NotApplicable } from './clause.js';
import { expectedCapabilities } from './expected-capabilities.js';
import type { Check, SourceSubject, TargetSubject, TestApi } from './subjects.js';
import { SOURCE_CHECKS } from './source-checks.js';
import { TARGET_CHECKS } from './target-checks.js';

const CLAUSE_TIMEOUT_MS = 120_000;

interface Advertising {
  readonly plugin: { readonly manifest: { readonly id: string; readonly capabilities: readonly string[] } };
  readonly grants?: readonly string[];
}

function describeChecks<Subject extends Advertising>(
  title: string,
  checks: readonly Check<Subject>[],
  subject: () => Subject | Promise<Subject>,
  { describe, it }: TestApi,
): void {
  describe(title, () => {
    for (const check of checks) {
      it(
        check.clause,
        async (context) => {
          const given = await subject();
          if (check.needs !== undefined && !expectedCapabilities(given).includes(check.needs)) {
            context.skip(`${given.plugin.manifest.id} does not offer "${check.needs}"`);
            return;
          }
          try {
            await check.run(given);
          } catch (error) {
            if (error instanceof NotApplicable) context.skip(error.message);
            else throw error;
          }
        },
        CLAUSE_TIMEOUT_MS,
      );
    }
  });
}

/**
 * Registers one test per clause of the source contract.
 * @param subject asked before each clause; may give the same subject every time.
 * @param api the test runner: `{ describe, it }` of vitest.
 */
export function describeSourcePlugin<Config>(
  subject: () => SourceSubject<Config> | Promise<SourceSubject<Config>>,
  api: TestApi,
): void {
  describeChecks(
    'source plugin contract',
    SOURCE_CHECKS as readonly Check<SourceSubject<Config>>[],
    subject,
    api,
  );
}

/**
 * Registers one test per clause of the target contract.
 * @param subject asked before each clause; may give the same subject every time.
 * @param api the test runner: `{ describe, it }` of vitest.
 */
export function describeTargetPlugin<Config, Placement>(
  subject: () => TargetSubject<Config, Placement> | Promise<TargetSubject<Config, Placement>>,
  api: TestApi,
): void {
  describeChecks(
    'target plugin contract',
    TARGET_CHECKS as readonly Check<TargetSubject<Config, Placement>>[],
    subject,
    api,
  );
}
