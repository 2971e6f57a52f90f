import {
  CONTEXT_ITINERARIES,
  CONTEXT_MACHINE,
  STEPS,
  TEST_FAILOVER_ITINERARIES,
  TEST_FAILOVER_MACHINE,
  stepsOfLeg,
  type Leg,
  type MachineDefinition,
  type StepTable,
  type Target,
} from '@ossea/core';

type Routes = Readonly<Record<string, readonly Leg<string>[]>>;

/** The page that shows the machines and their steps, made of the values that the engine runs. */
export function machinePage(): string {
  return [
    '# The machines and their steps',
    'This page is made of the tables in `libs/core/src` (`npx vitest run --project architecture -u`); change them, not it.',
    'A *resting* state waits for somebody, a *working* one runs the steps of its route, a *terminal* one is the end.',
    ...chapter('A VM context', CONTEXT_MACHINE, CONTEXT_ITINERARIES),
    '`@origin` is the working state that faulted. `@rest` is in-sync while a recovery point stands, and managed otherwise.',
    ...chapter('A test failover', TEST_FAILOVER_MACHINE, TEST_FAILOVER_ITINERARIES),
    '## Steps',
    stepTable(STEPS),
    '',
  ].join('\n\n');
}

function chapter(title: string, machine: MachineDefinition, routes: Routes): string[] {
  return [
    `## ${title}`,
    diagram(machine),
    ...Object.entries(routes).map(([state, legs]) => route(state, legs)),
  ];
}

function diagram({ initial, states }: MachineDefinition): string {
  const id = (state: string): string => state.replaceAll('-', '_').replace('@', 'any_');
  const names = Object.entries(states).map(
    ([name, { kind }]) => `  state "${name} (${kind})" as ${id(name)}`,
  );
  const moves = Object.entries(states).flatMap(([name, { on }]) =>
    Object.entries(on).flatMap(([event, target]) =>
      meant(target).map(([to, when]) => `  ${id(name)} --> ${id(to)}: ${event}${when}`),
    ),
  );
  const places = moves.some((line) => line.includes('any_'))
    ? ['  state "@origin" as any_origin', '  state "@rest" as any_rest']
    : [];
  const used = places.filter((line) => moves.some((move) => move.includes(line.split(' as ')[1]!)));
  const ends = Object.entries(states).flatMap(([name, { kind }]) =>
    kind === 'terminal' ? [`  ${id(name)} --> [*]`] : [],
  );
  const lines = ['stateDiagram-v2', `  [*] --> ${id(initial)}`, ...names, ...used, ...moves, ...ends];
  return ['```mermaid', ...lines, '```'].join('\n');
}

/** Where a target leads, and after a fault of which state. */
function meant(target: Target): (readonly [string, string])[] {
  if (typeof target === 'string') return [[target, '']];
  return Object.entries(target).map(([origin, to]) => [to, ` (${origin} faulted)`] as const);
}

function route(state: string, legs: readonly Leg<string>[]): string {
  const lines = legs.map((leg, index) => {
    const names = stepsOfLeg(leg).map((name) => `\`${name}\``);
    if (typeof leg === 'object' && 'firstOf' in leg)
      return `${index + 1}. the first possible of ${names.join(', ')}`;
    return `${index + 1}. ${names[0]}${typeof leg === 'object' ? ', if possible' : ''}`;
  });
  return [`### ${state}`, '', ...lines].join('\n');
}

function stepTable(steps: StepTable): string {
  const cell = (names: readonly string[] | undefined): string => names?.join(', ') ?? '';
  const rows = Object.entries(steps).map(([name, step]) => {
    const traits = [
      step.requires === undefined ? [] : [`requires ${step.requires}`],
      step.unless ? [`unless ${cell(step.unless)} is known`] : [],
      step.yieldsTo ? [`yields to ${cell(step.yieldsTo)}`] : [],
      step.deferrable ? ['can be put off'] : [],
      step.finishesDespiteCancel ? ['finishes despite a cancel'] : [],
      step.handsOver ? ['hands over what it releases'] : [],
      step.invalidates ? [`invalidates ${cell(step.invalidates)}`] : [],
      ...Object.entries(step.onFault ?? {}).map(([code, facts]) => [`${code} drops ${cell(facts)}`]),
    ].flat();
    return [
      `\`${name}\``,
      step.label,
      cell(step.consumes),
      cell([...(step.produces ?? []), ...(step.acquires ?? [])]),
      cell(step.releases),
      traits.join('; '),
    ];
  });
  const header = ['step', 'what people read', 'consumes', 'produces and acquires', 'releases', 'traits'];
  return [header, header.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}
