import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RouteTable } from './route-table.js';

describe('the table of routes', () => {
  const routes = new RouteTable();
  routes.add('/v1/events', 'GET');
  routes.add('/v1/events', ['POST', 'HEAD']);
  routes.add('/v1/customers/:id', 'GET');
  routes.add('/v1/customers/by/:kind/:value', 'GET');
  routes.add('/openapi.json', 'GET');
  routes.add('/docs/*', 'GET');

  for (const [path, methods] of [
    ['/v1/events', ['GET', 'HEAD', 'POST']],
    ['/v1/customers/abc', ['GET']],
    ['/v1/customers/a%2Fb', ['GET']],
    ['/v1/customers/', []],
    ['/v1/customers/a/b', []],
    ['/v1/customers/by/email/x', ['GET']],
    ['/openapiXjson', []],
    ['/docs/a/b.js', ['GET']],
    ['/nothing', []],
  ] as const) {
    it(`knows ${methods.join(', ') || 'nothing'} at ${path}`, () => {
      assert.deepEqual(routes.methodsOf(path), methods);
    });
  }
});
