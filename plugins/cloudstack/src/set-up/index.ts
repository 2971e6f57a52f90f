import { MigrationError } from '@ossea/errors';
import type { GuidedSetUp, Logger, z } from '@ossea/plugin-sdk';
import { CloudstackClient } from '../client/index.js';
import { guarded } from '../guarded.js';
import {
  credentialsSchema,
  selectionSchema,
  trustOf,
  type CloudstackSettings,
  type Credentials,
  type Selection,
} from '../settings.js';
import { discover } from './discover.js';
import { validate } from './validate.js';

/** The keys of the account that owns the appliance once, a choice among what is found, and a trial of it. */
export const guidedSetUp: GuidedSetUp<CloudstackSettings, Credentials, Selection> = {
  credentials: credentialsSchema,
  selection: selectionSchema,
  discover: (given, { log }, options) =>
    guarded(options, async () => {
      const credentials = parse(credentialsSchema, given);
      await using client = clientOf(credentials, log);
      return await discover(client, credentials, options);
    }),
  validate: (given, { log }, options) =>
    guarded(options, async () => {
      const credentials = parse(credentialsSchema, given.credentials);
      const selection = parse(selectionSchema, given.selection);
      await using client = clientOf(credentials, log);
      return await validate({ client, credentials, selection, log }, options);
    }),
  settingsOf: (credentials, selection) => ({ ...credentials, ...selection }),
};

function clientOf(credentials: Credentials, log: Logger): CloudstackClient {
  const { apiUrl, apiKey, secretKey, projectId } = credentials;
  return new CloudstackClient({
    apiUrl,
    apiKey,
    secretKey,
    trust: trustOf(credentials),
    log,
    ...(projectId === undefined ? {} : { projectId }),
  });
}

/** Throws `config.invalid` with the fields, never with what they hold. */
function parse<T>(schema: z.ZodType<T>, given: unknown): T {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
  throw new MigrationError('config.invalid', `What was entered cannot be used. ${fields}`);
}
