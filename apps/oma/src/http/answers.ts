import {
  applyDecorators,
  HttpCode,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { ApiOperation, ApiResponse } from '@nestjs/swagger';
import type { Job } from '@ossea/api-contract';
import type { Response } from 'express';
import { tap, type Observable } from 'rxjs';
import type { z } from 'zod';

/** When a client may first ask for a job that was just started, in seconds. */
const FIRST_LOOK_SECONDS = 1;

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

/** A route that does something and has nothing to tell: 204. */
export function AnswersNothing(summary: string): MethodDecorator {
  return applyDecorators(
    HttpCode(204),
    ApiOperation({ summary }),
    ApiResponse({ status: 204, description: summary }),
  );
}

/** Tells where the job that a method gives back can be asked for. */
class JobAddress implements NestInterceptor<Job, Job> {
  intercept(context: ExecutionContext, next: CallHandler<Job>): Observable<Job> {
    const response = context.switchToHttp().getResponse<Response>();
    return next.handle().pipe(
      tap((job) => {
        response.setHeader('Location', job.links.self);
        response.setHeader('Retry-After', String(FIRST_LOOK_SECONDS));
      }),
    );
  }
}

/** An action: the method gives back the job, the answer is 202 with its address in `Location`. */
export function StartsJob(summary: string): MethodDecorator {
  return applyDecorators(
    HttpCode(202),
    UseInterceptors(new JobAddress()),
    ApiOperation({ summary }),
    ApiResponse({
      status: 202,
      description: 'The job that was started.',
      headers: {
        Location: { description: 'Where to ask for the job.', schema: { type: 'string' } },
        'Retry-After': { description: 'When to ask first, in seconds.', schema: { type: 'integer' } },
      },
      schema: { $ref: '#/components/schemas/Job' },
    }),
  );
}
