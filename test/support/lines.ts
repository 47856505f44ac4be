import { TcpProxy } from './tcp-proxy.js';

/** Proxies between the services of a cluster and its servers; whatever is between the servers is direct. */
export interface Lines {
  /** One for each broker. */
  readonly kafka: readonly TcpProxy[];
  readonly store: TcpProxy;
  readonly vault: TcpProxy;
  readonly reads: TcpProxy;
  close(): Promise<void>;
}

export async function openLines(brokers: number): Promise<Lines> {
  const all = await Promise.all(Array.from({ length: brokers + 3 }, () => TcpProxy.listen()));
  const [store, vault, reads, ...kafka] = all as [TcpProxy, TcpProxy, TcpProxy, ...TcpProxy[]];
  return {
    ...{ kafka, store, vault, reads },
    close: async () => void (await Promise.all(all.map((proxy) => proxy.close()))),
  };
}
