import { applyDecorators } from '@nestjs/common';
import { ApiOperation, ApiResponse } from '@nestjs/swagger';
import type { z } from 'zod';

/**
 * Documents a route: what it does, and the schema of its answer, which must have an id.
 * The schemas themselves are put into the document by `apiDocument`.
 */
export function Answers(summary: string, schema: z.ZodType, status = 200): MethodDecorator {
  const id = schema.meta()?.id;
  if (id === undefined) throw new Error(`The answer of "${summary}" has a schema without an id.`);
  return applyDecorators(
    ApiOperation({ summary }),
    ApiResponse({ status, description: summary, schema: { $ref: `#/components/schemas/${id}` } }),
  );
}

/** An action: 202 with the job, whose address stands in `Location`. */
export function StartsJob(summary: string): MethodDecorator {
  return applyDecorators(
    ApiOperation({ summary }),
    ApiResponse({
      status: 202,
      description: 'The job that was started.',
      headers: { Location: { schema: { type: 'string' } } },
      schema: { $ref: '#/components/schemas/Job' },
    }),
  );
}
