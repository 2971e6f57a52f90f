import type { IncomingMessage, ServerResponse } from 'node:http';
import { redactDeep } from '@ossea/errors';
import { AGENT_HEALTH_PATH } from '@ossea/agent-protocol';
import { Logger, type Params } from 'nestjs-pino';
import { stdSerializers } from 'pino';
import type { VmaConfig } from '../config/config.schema.js';
import { correlationOf } from './correlation.js';

type LoggedRequest = IncomingMessage & { readonly originalUrl?: string };

const SECRETS = ['authorization', 'password', 'token', 'secret', 'settings', 'code', 'privateKey'];

/**
 * One line per request and every line of the service, as JSON on standard output. Only what is listed here is told of a
 * request: no header, no query and no body (it may hold a source's settings) ever reaches the log.
 */
export function accessLog(level: VmaConfig['log']['level']): Params {
  return {
    pinoHttp: {
      level,
      quietReqLogger: true,
      genReqId: (request) => correlationOf(request) ?? '',
      customAttributeKeys: { reqId: 'correlationId' },
      customLogLevel: ({ url = '' }: LoggedRequest, response: ServerResponse, error?: Error) => {
        if (error || response.statusCode >= 500) return 'warn';
        return url.startsWith(AGENT_HEALTH_PATH) ? 'trace' : 'debug';
      },
      serializers: {
        req: stdSerializers.wrapRequestSerializer(({ raw }) => ({
          method: raw.method,
          path: ((raw as LoggedRequest).originalUrl ?? raw.url ?? '').split('?')[0]?.slice(0, 500),
        })) as never,
        res: stdSerializers.wrapResponseSerializer(({ raw }) => ({ status: raw.statusCode })) as never,
        err: (error: Error) => redactDeep(stdSerializers.err(error)),
      },
      redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`]), censor: '[redacted]' },
    },
  };
}

/** Where the framework tells at length how it puts the application together. */
const FRAMEWORK = new Set<unknown>([
  'NestFactory',
  'NestApplication',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
]);

/** The service's log; what the framework tells of itself is for those who debug. */
export class ServiceLogger extends Logger {
  override log(message: unknown, ...more: unknown[]): void {
    if (FRAMEWORK.has(more.at(-1))) this.debug(message, ...more);
    else super.log(message, ...more);
  }
}
