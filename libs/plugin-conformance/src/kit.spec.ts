import { writeSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  NotApplicable,
  SOURCE_CHECKS,
  TARGET_CHECKS,
  describeSourcePlugin,
  describeTargetPlugin,
  type Check,
  type SourceSubject,
  type TargetSubject,
} from './index.js';
import { MemoryHost, memorySource, memorySourceSubject } from './memory/memory-source.js';
import { MemoryCloud, memoryTarget, memoryTargetSubject } from './memory/memory-target.js';
import { SOURCE_BREAKERS } from './memory/source-breakers.js';
import { TARGET_BREAKERS } from './memory/target-breakers.js';

describeSourcePlugin(() => memorySourceSubject(new MemoryHost()), { describe, it });
describeTargetPlugin(() => memoryTargetSubject(new MemoryCloud()), { describe, it });

interface Broken<Subject> {
  readonly clause: string;
  readonly how: string;
  /** A fresh subject whose plugin is broken in this way. */
  make(): Subject;
}

const sources = SOURCE_BREAKERS.map(({ clause, how, apply }): Broken<SourceSubject> => ({
  clause,
  how,
  make() {
    const host = new MemoryHost();
    return memorySourceSubject(host, apply(memorySource(host), host)) as SourceSubject;
  },
}));
const targets = TARGET_BREAKERS.map(({ clause, how, apply }): Broken<TargetSubject> => ({
  clause,
  how,
  make() {
    const cloud = new MemoryCloud();
    return memoryTargetSubject(cloud, apply(memoryTarget(cloud), cloud)) as TargetSubject;
  },
}));

/** Whether a clause is broken by a subject. */
async function fails<Subject>(check: Check<Subject>, subject: Subject): Promise<boolean> {
  return check.run(subject).then(
    () => false,
    // a clause that has nothing to say has not caught anything
    (error: unknown) => !(error instanceof NotApplicable),
  );
}

function prove<Subject>(
  kind: string,
  checks: readonly Check<Subject>[],
  breakers: readonly Broken<Subject>[],
): void {
  describe(`${kind} clauses bite`, () => {
    it('every clause has a name of its own and a plugin that breaks it', () => {
      const clauses = checks.map((check) => check.clause);
      expect(new Set(clauses).size).toBe(clauses.length);
      expect([...new Set(breakers.map((breaker) => breaker.clause))].toSorted()).toEqual(clauses.toSorted());
    });

    it.each(breakers)('$clause ← $how', async ({ clause, make }) => {
      const check = checks.find((entry) => entry.clause === clause);
      if (!check) throw new Error(`no clause "${clause}"`);
      expect(await fails(check, make())).toBe(true);
    });

    it('a table tells which clauses each breach trips', async () => {
      const rows: string[] = [];
      for (const { clause, how, make } of breakers) {
        const tripped: string[] = [];
        for (const check of checks) if (await fails(check, make())) tripped.push(check.clause);
        expect(tripped).toContain(clause);
        rows.push(`${String(tripped.length).padStart(3)}  ${clause}  ←  ${how}`);
      }
      // straight to the terminal: the table is for people, and only the runner may use the console
      writeSync(1, `\n${kind}: clauses tripped, clause meant, breach\n${rows.join('\n')}\n`);
    }, 60_000);
  });
}

prove('source', SOURCE_CHECKS, sources);
prove('target', TARGET_CHECKS, targets);
