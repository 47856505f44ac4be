import { authorityFile } from '@threadline/event-store/grpc/server-certificate';

/** The connection string of a log that is served here; any user name will do. */
export const eventStoreUrl = (folder: string, port: number, key: string): string =>
  `esdb://any:${key}@127.0.0.1:${port}?tls=true&tlsCAFile=${encodeURI(authorityFile(folder))}`;
