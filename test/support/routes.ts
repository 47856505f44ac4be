import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { RequestMethod } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';

/** `test/dist/support` at run time. */
const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');

type Handler = (...parameters: unknown[]) => unknown;
type ControllerClass = new (...parts: never[]) => object;

/** `GET /v1/customers/{id}`. */
const routeOf = (method: string, path: string): string =>
  `${method} /${path.split('/').filter(Boolean).join('/')}`.replaceAll(/:(\w+)/g, '{$1}');

/** Routes that a file gives the HTTP server without a controller. */
const plainRoutes = (source: string): string[] =>
  [...source.matchAll(/\bfastify\.(get|post|put|patch|delete)\('([^']+)'/g)].map(
    ([, method = '', path = '']) => routeOf(method.toUpperCase(), path),
  );

function routesOfController(controller: ControllerClass): string[] {
  const base = Reflect.getMetadata(PATH_METADATA, controller) as string | undefined;
  if (base === undefined) return [];
  const { prototype } = controller as { prototype: Record<string, Handler> };
  return Object.getOwnPropertyNames(prototype).flatMap((name) => {
    const handler = prototype[name] as Handler;
    const method = Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod | undefined;
    if (method === undefined) return [];
    const path = Reflect.getMetadata(PATH_METADATA, handler) as string;
    return [routeOf(RequestMethod[method], `${base}/${path}`)];
  });
}

/** Every route that some process of ours may serve, in alphabetical order: as the sources declare them. */
export async function declaredRoutes(): Promise<string[]> {
  const routes: string[] = [];
  for (const file of globSync('{apps,libs}/*/src/**/*.ts', { cwd: ROOT })) {
    if (file.endsWith('.spec.ts')) continue;
    const source = readFileSync(join(ROOT, file), 'utf8');
    routes.push(...plainRoutes(source));
    if (!source.includes('@Controller(')) continue;
    const built = join(ROOT, file.replace('/src/', '/dist/').replace(/\.ts$/, '.js'));
    const exported = (await import(pathToFileURL(built).href)) as Record<string, unknown>;
    for (const one of Object.values(exported))
      if (typeof one === 'function') routes.push(...routesOfController(one as ControllerClass));
  }
  return routes.sort();
}
