import type { IncomingMessage, ServerResponse } from 'node:http';
import { redactDeep } from '@ossea/errors';
import type { Params } from 'nestjs-pino';
import { stdSerializers } from 'pino';
import type { OmaConfig } from '../config/config.schema.js';
import { requestContext } from './request-context.js';

type LoggedRequest = IncomingMessage & { readonly originalUrl?: string };

/**
 * One line per request and every line of the application, as JSON on standard output. Only what is listed here is
 * told of a request: no header, no query and no body ever reaches the log.
 */
export function accessLog(level: OmaConfig['log']['level']): Params {
  return {
    pinoHttp: {
      level,
      genReqId: (request) => requestContext(request).correlationId,
      quietReqLogger: true,
      customAttributeKeys: { reqId: 'correlationId' },
      customProps: (request) => ({ caller: requestContext(request).actor.name }),
      customLogLevel: (request: LoggedRequest, response: ServerResponse, error?: Error) => {
        if (error || response.statusCode >= 500) return 'error';
        return isProbe(request) ? 'debug' : 'info';
      },
      serializers: {
        req: stdSerializers.wrapRequestSerializer(({ raw }) => ({
          method: raw.method,
          path: ((raw as LoggedRequest).originalUrl ?? raw.url ?? '').split('?')[0]?.slice(0, 500),
          from: raw.socket.remoteAddress,
        })) as never,
        res: stdSerializers.wrapResponseSerializer(({ raw }) => ({ status: raw.statusCode })) as never,
        err: (error: Error) => redactDeep(stdSerializers.err(error)),
      },
      // for what the rooms log themselves
      redact: {
        paths: SECRETS.flatMap((name) => [name, `*.${name}`]),
        censor: '[redacted]',
      },
    },
  };
}

const SECRETS = ['authorization', 'cookie', 'password', 'token', 'secret', 'settings', 'code'];

/** What looks at us every few seconds would drown the rest. */
function isProbe({ originalUrl = '' }: LoggedRequest): boolean {
  return ['/api/v1/health', '/socket.io', '/metrics'].some((path) => originalUrl.startsWith(path));
}
