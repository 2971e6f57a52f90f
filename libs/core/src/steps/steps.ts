import { CYCLE_STEPS } from './cycle-steps.js';
import { FAILOVER_STEPS } from './failover-steps.js';
import type { StepDefinition } from './step-definition.js';
import { TEST_FAILOVER_STEPS } from './test-failover-steps.js';

/** Every step of the product. Reading this table and the itineraries is reading the product. */
export const STEPS = { ...CYCLE_STEPS, ...FAILOVER_STEPS, ...TEST_FAILOVER_STEPS } as const;

export type StepName = keyof typeof STEPS;
export type StepTable = Readonly<Record<string, StepDefinition>>;
