import { Module, type DynamicModule } from '@nestjs/common';
import type { Config } from './config.js';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { drainHttp } from './drain-http.js';
import type { Health } from './health.js';
import { createHttpApp } from './http-app.js';
import { NestLogger, type Logger } from './logger.js';
import type { Metrics } from './metrics.js';
import { listenOn } from './port-taken.js';
import { StatusModule } from './status-module.js';

export interface ServiceHttpOptions {
  readonly config: Pick<Config, 'host' | 'port' | 'stopGrace'>;
  readonly log: Logger;
  /** What it serves besides its health and its figures. */
  readonly modules: readonly DynamicModule[];
  readonly health: Health;
  readonly metrics: Metrics;
  /** Bytes of the largest body. */
  readonly bodyLimit: number;
  readonly started: (name: string, stop: () => void | Promise<void>) => void;
  /** Adds to the app before it listens; what it answers lets go of those who would never leave, when the service stops. */
  readonly prepare?: (app: NestFastifyApplication) => () => void;
}

@Module({})
class ServiceModule {}

/** The HTTP side of a service of its own: `/health/*`, `/metrics` and what its modules serve. Answers where it listens. */
export async function serveHttp(options: ServiceHttpOptions): Promise<string> {
  const { config, log, modules, health, metrics, bodyLimit, started, prepare } = options;
  const requests = metrics.histogram('http_request_duration_seconds', 'Time to answer a request', [
    'method',
    'route',
    'status',
  ]);
  const module: DynamicModule = {
    module: ServiceModule,
    imports: [...modules, StatusModule.of({ health, metricsPage: () => metrics.render() })],
  };
  const http = await createHttpApp(module, {
    bodyLimit,
    logger: new NestLogger(log),
    unforeseen: (error, route) => log.error({ err: error, route }, 'a request failed'),
    answered: ({ method, route, status, seconds }) =>
      requests.observe({ method, route, status: String(status) }, seconds),
  });
  const letGo = prepare?.(http.app);
  // Nobody is sent where nothing but health and figures is served.
  const grace = modules.length > 0 ? config.stopGrace : 0;
  started('http', () => drainHttp({ http, health, grace, letGo }));
  return listenOn(http.app, config.host, config.port);
}
