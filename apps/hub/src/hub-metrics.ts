import { Metrics } from '@threadline/platform/metrics';

/** What the gauges look at, when somebody asks for them. */
export interface Observed {
  /** The last position of the log. */
  readonly head: () => number;
  /** The last position in the read models. */
  readonly projected: () => number;
  readonly parked: () => Promise<number>;
  readonly inFlight: () => { readonly messages: number; readonly bytes: number };
  readonly watchers: () => number;
}

/** What the hub counts. Memory, processor time and the event loop's delay are Node's own metrics. */
export class HubMetrics {
  readonly #metrics = new Metrics({ process: true });
  readonly #requests = this.#metrics.histogram('http_request_duration_seconds', 'Time to answer a request', [
    'method',
    'route',
    'status',
  ]);
  readonly #accepted = this.#metrics.counter('events_accepted_total', 'Events accepted, or known already', [
    'outcome',
  ]);

  constructor(observed: Observed) {
    const gauge = (name: string, help: string, value: () => number | Promise<number>): void => {
      this.#metrics.gauge(name, help, [], async (it) => it.set(await value()));
    };
    gauge('log_position', 'Last position of the log', observed.head);
    gauge('projection_position', 'Everything up to here can be read', observed.projected);
    gauge('projection_lag_events', 'Events of the log that cannot be read yet', () =>
      Math.max(0, observed.head() - observed.projected()),
    );
    gauge('parked_interactions', 'Interactions that the projector could not use', observed.parked);
    gauge('ingest_requests_in_flight', 'Requests under way to the log', () => observed.inFlight().messages);
    gauge(
      'ingest_bytes_in_flight',
      'Bytes of requests under way to the log',
      () => observed.inFlight().bytes,
    );
    gauge('live_watchers', 'Who watches the live push', observed.watchers);
  }

  answered({
    method,
    route,
    status,
    seconds,
  }: {
    method: string;
    route: string;
    status: number;
    seconds: number;
  }): void {
    this.#requests.observe({ method, route, status: String(status) }, seconds);
  }

  taken({
    accepted,
    duplicates,
    rejected,
  }: {
    accepted: number;
    duplicates: number;
    rejected: number;
  }): void {
    this.#accepted.inc({ outcome: 'accepted' }, accepted);
    this.#accepted.inc({ outcome: 'duplicate' }, duplicates);
    this.#accepted.inc({ outcome: 'rejected' }, rejected);
  }

  page(): Promise<{ contentType: string; text: string }> {
    return this.#metrics.render();
  }
}
