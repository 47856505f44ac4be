/** Which methods a path takes: what a 405 says instead of a 404, and what the documents are compared with. */
export class RouteTable {
  readonly #routes: { readonly url: string; readonly pattern: RegExp; readonly methods: Set<string> }[] = [];

  add(url: string, methods: string | readonly string[]): void {
    let route = this.#routes.find((known) => known.url === url);
    if (route === undefined) {
      route = { url, pattern: patternOf(url), methods: new Set() };
      this.#routes.push(route);
    }
    for (const method of [methods].flat()) route.methods.add(method);
  }

  /** The methods of a path as it was asked for, in alphabetical order; none where there is no such path. */
  methodsOf(path: string): string[] {
    const methods = new Set<string>();
    for (const { pattern, methods: taken } of this.#routes) {
      if (pattern.test(path)) for (const method of taken) methods.add(method);
    }
    return [...methods].sort();
  }

  /** Every route, as `GET /v1/customers/:id`. */
  list(): string[] {
    return this.#routes
      .flatMap(({ url, methods }) => [...methods].map((method) => `${method} ${url}`))
      .sort();
  }
}

/** `:name` stands for one segment, `*` for any rest. */
function patternOf(url: string): RegExp {
  const parts = url.split('/').map((part) => {
    if (part.startsWith(':')) return '[^/]+';
    return part === '*' ? '.*' : part.replaceAll(/[^\w-]/g, '\\$&');
  });
  return new RegExp(`^${parts.join('/')}$`);
}
