import * as contract from '@ossea/api-contract';
import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { z } from 'zod';
import { OPEN_MARK } from '../access/open.js';
import { NOT_REPLAYED_MARK } from '../idempotency/not-replayed.js';

type JsonSchema = Record<string, unknown>;

const COMPONENTS = '#/components/schemas/';
const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

/**
 * The OpenAPI 3.1 document of the running code: routes from the controllers, schemas from the contract. A schema with
 * an id is a component; bodies are described as they are sent, answers as they arrive.
 */
export function apiDocument(app: INestApplication, version: string): OpenAPIObject {
  const settings = new DocumentBuilder()
    .setTitle('MigrateKit OSSEA')
    .setDescription(
      'Every failure is an RFC 9457 problem document with `code`, `cause` and `remedy`. ' +
        'Actions answer 202 with the address of a job, and honour `Idempotency-Key`.',
    )
    .setVersion(version)
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .setOpenAPIVersion('3.1.0')
    .addBearerAuth({ type: 'http', scheme: 'bearer' }, 'token')
    .addSecurityRequirements('token')
    .build();
  const document = SwaggerModule.createDocument(app, settings, {
    standardSchemaConverter: (schema) => converted(schema as z.ZodType),
  });
  document.components ??= {};
  const schemas = { ...answerSchemas(), ...document.components.schemas } as Record<string, object>;
  document.components.schemas = Object.fromEntries(
    Object.entries(schemas).sort(([a], [b]) => (a < b ? -1 : 1)),
  );
  for (const path of Object.values(document.paths))
    for (const method of METHODS) {
      const operation = path[method] as JsonSchema | undefined;
      if (operation) finish(operation, method !== 'get');
    }
  return document;
}

/** Serves the document, and a page that shows it. */
export function serveApiDocument(app: INestApplication, document: OpenAPIObject): void {
  SwaggerModule.setup('api/docs', app, document, {
    jsonDocumentUrl: 'api/docs/openapi.json',
    yamlDocumentUrl: 'api/docs/openapi.yaml',
    customSiteTitle: 'MigrateKit OSSEA API',
  });
  app
    .getHttpAdapter()
    .get('/api/openapi.json', (_request: unknown, response: { json(body: object): void }) => {
      response.json(document);
    });
}

function finish(operation: JsonSchema, changes: boolean): void {
  const isOpen = OPEN_MARK in operation;
  const isReplayed = changes && !isOpen && !(NOT_REPLAYED_MARK in operation);
  delete operation[OPEN_MARK];
  delete operation[NOT_REPLAYED_MARK];
  if (isOpen) operation['security'] = [];
  operation['responses'] = {
    ...(operation['responses'] as object),
    default: {
      description: 'What went wrong, and what to do about it.',
      content: { 'application/problem+json': { schema: { $ref: `${COMPONENTS}Problem` } } },
    },
  };
  if (isReplayed)
    operation['parameters'] = [
      ...((operation['parameters'] as object[] | undefined) ?? []),
      {
        name: 'Idempotency-Key',
        in: 'header',
        required: false,
        description: 'The same key within 24 hours gets the same answer, and has no second effect.',
        schema: { type: 'string', minLength: 1, maxLength: 128 },
      },
    ];
}

/** What a schema becomes: a reference where it has an id, with every component that it needs. */
function converted(
  schema: z.ZodType,
  io: 'input' | 'output' = 'input',
): { schema: JsonSchema; components: Record<string, JsonSchema> } {
  const { $defs = {}, ...own } = z.toJSONSchema(schema, {
    target: 'draft-2020-12',
    io,
    unrepresentable: 'any',
  }) as JsonSchema;
  // the dialect of OpenAPI 3.1 anyway, and not allowed within it
  delete own['$schema'];
  return { schema: moved(own), components: moved($defs as Record<string, JsonSchema>) };
}

/** Every schema of the contract that has an id, as answers show it. */
function answerSchemas(): Record<string, JsonSchema> {
  const all: Record<string, JsonSchema> = {};
  for (const schema of Object.values(contract))
    if (schema instanceof z.ZodType && schema.meta()?.id !== undefined)
      Object.assign(all, converted(schema, 'output').components);
  return all;
}

/** References of a schema that stands alone, as references within the document. */
function moved<T>(value: T): T {
  if (Array.isArray(value)) return value.map(moved) as T;
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).map(([name, inner]) => [
    name,
    name === '$ref' && typeof inner === 'string' ? inner.replace('#/$defs/', COMPONENTS) : moved(inner),
  ]);
  return Object.fromEntries(entries) as T;
}
