import { Logger } from 'nestjs-pino';

/** Where the framework tells at length how it puts the application together. */
const FRAMEWORK = new Set<unknown>([
  'NestFactory',
  'NestApplication',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'WebSocketsController',
]);

/** The application's log; what the framework tells of itself is for those who debug. */
export class AppLogger extends Logger {
  override log(message: unknown, ...more: unknown[]): void {
    if (FRAMEWORK.has(more.at(-1))) this.debug(message, ...more);
    else super.log(message, ...more);
  }
}
