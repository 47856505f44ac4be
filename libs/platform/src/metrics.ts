import {
  AggregatorRegistry,
  collectDefaultMetrics,
  Counter,
  Gauge,
  Histogram,
  Registry,
  type MetricObjectWithValues,
  type MetricValue,
} from 'prom-client';

/** What one thread has counted; plain data, so that it can be sent to the thread that answers `/metrics`. */
export type MetricsSnapshot = MetricObjectWithValues<MetricValue<string>>[];

/** Seconds, from a cached read to a slow disk. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/**
 * Metrics of this thread, in a registry of their own: prom-client's global one would mix what two hubs in one test
 * process count. Every name begins with `threadline_`; labels never hold what a person can be known by.
 */
export class Metrics {
  readonly #registry = new Registry();

  /** `process`: also Node's own metrics; once a process is enough. */
  constructor(options: { readonly process?: boolean } = {}) {
    if (options.process) collectDefaultMetrics({ register: this.#registry });
  }

  /** Counts up; by Prometheus's custom its name ends in `_total`. */
  counter<L extends string = never>(name: string, help: string, labels: readonly L[] = []): Counter<L> {
    return new Counter({ name: `threadline_${name}`, help, labelNames: labels, registers: [this.#registry] });
  }

  /** Goes up and down. `collect` is called when somebody looks, and sets it. */
  gauge<L extends string = never>(
    name: string,
    help: string,
    labels: readonly L[] = [],
    collect?: (gauge: Gauge<L>) => void | Promise<void>,
  ): Gauge<L> {
    return new Gauge({
      name: `threadline_${name}`,
      help,
      labelNames: labels,
      registers: [this.#registry],
      ...(collect && {
        collect(this: Gauge<L>) {
          return collect(this);
        },
      }),
    });
  }

  /** How long things take, in seconds, unless given other buckets; its name ends in the unit. */
  histogram<L extends string = never>(
    name: string,
    help: string,
    labels: readonly L[] = [],
    buckets: readonly number[] = SECONDS,
  ): Histogram<L> {
    return new Histogram({
      name: `threadline_${name}`,
      help,
      labelNames: labels,
      buckets: [...buckets],
      registers: [this.#registry],
    });
  }

  /** For another thread to add to its own. */
  snapshot(): Promise<MetricsSnapshot> {
    return this.#registry.getMetricsAsJSON();
  }

  /** The body of `/metrics` and its content type; what other threads counted is added up. */
  async render(others: readonly MetricsSnapshot[] = []): Promise<{ contentType: string; text: string }> {
    const registry =
      others.length === 0 ? this.#registry : AggregatorRegistry.aggregate([await this.snapshot(), ...others]);
    return { contentType: this.#registry.contentType, text: await registry.metrics() };
  }
}
