import { z } from 'zod';
import { DisplayName, Id, Timestamp } from './values.js';

const Fields = z.record(z.string(), z.unknown());

/** Something that can be chosen in a set-up. */
export const DiscoveredItem = z
  .object({
    value: z.string(),
    label: z.string(),
    details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
    /** Why it cannot be chosen. */
    unsuitable: z.string().optional(),
    recommended: z.boolean().optional(),
  })
  .meta({ id: 'DiscoveredItem' });

/** One kind of resource; `problem` says why it could not be listed in full. */
export const DiscoveredResources = z
  .object({
    kind: z.string(),
    title: z.string(),
    /** The field of the selection that takes one of them. */
    field: z.string().optional(),
    items: z.array(DiscoveredItem),
    problem: z.object({ code: z.string(), message: z.string(), remedy: z.string() }).optional(),
  })
  .meta({ id: 'DiscoveredResources' });

/** Everything a target offers, and where this appliance stands in it. */
export const SetUpDiscovery = z
  .object({
    appliance: z.object({
      id: z.string().optional(),
      name: z.string().optional(),
      how: z.string(),
      remedy: z.string().optional(),
    }),
    facts: z.array(z.object({ title: z.string(), value: z.string() })),
    resources: z.array(DiscoveredResources),
  })
  .meta({ id: 'SetUpDiscovery' });
export type SetUpDiscovery = z.infer<typeof SetUpDiscovery>;

export const SetUpOutcome = z.enum(['pass', 'warning', 'fail', 'skipped']);
export type SetUpOutcome = z.infer<typeof SetUpOutcome>;

export const SetUpFinding = z
  .object({
    check: z.string(),
    title: z.string(),
    outcome: SetUpOutcome,
    message: z.string(),
    remedy: z.string().optional(),
    code: z.string().optional(),
  })
  .meta({ id: 'SetUpFinding' });
export type SetUpFinding = z.infer<typeof SetUpFinding>;

/** What a validation found for one selection. */
export const SetUpValidation = z
  .object({
    selection: Fields,
    /** The worst outcome; `skipped` counts as a warning. */
    overall: z.enum(['pass', 'warning', 'fail']),
    findings: z.array(SetUpFinding),
    validatedAt: Timestamp,
    jobId: Id,
  })
  .meta({ id: 'SetUpValidation' });
export type SetUpValidation = z.infer<typeof SetUpValidation>;

/** A set-up under way. Its credentials are sealed; answers show masks. */
export const TargetSetUp = z
  .object({
    id: Id,
    pluginId: z.string(),
    credentials: Fields,
    discovery: SetUpDiscovery,
    validation: SetUpValidation.optional(),
    createdAt: Timestamp,
    updatedAt: Timestamp,
  })
  .meta({ id: 'TargetSetUp' });
export type TargetSetUp = z.infer<typeof TargetSetUp>;

/** Step one. With `setUpId` it looks again: a mask keeps the secret that was entered before. */
export const DiscoverAll = z
  .strictObject({ credentials: Fields, setUpId: Id.optional() })
  .meta({ id: 'DiscoverAll' });
export type DiscoverAll = z.infer<typeof DiscoverAll>;

/** Step two and the trial of step three. */
export const ValidateSetUp = z.strictObject({ setUpId: Id, selection: Fields }).meta({ id: 'ValidateSetUp' });
export type ValidateSetUp = z.infer<typeof ValidateSetUp>;

/** Makes a connection of the selection that was validated last. */
export const SaveSetUp = z.strictObject({ setUpId: Id, name: DisplayName }).meta({ id: 'SaveSetUp' });
export type SaveSetUp = z.infer<typeof SaveSetUp>;
