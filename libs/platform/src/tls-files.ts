import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';

/** What a TLS client needs besides what Node trusts anyway; PEM. */
export interface TlsFiles {
  /** Trusted instead of the authorities that Node knows. */
  readonly ca?: string;
  /** Who we are, where the server asks for it. */
  readonly cert?: string;
  readonly key?: string;
}

/** Parameters of an address that name files: as EventStoreDB's connection strings have them. */
export const TLS_PARAMETERS = ['tlsCAFile', 'userCertFile', 'userKeyFile'] as const;

/** Reads the files that an address names; `refuse` is told what is wrong with each. */
export function readTlsFiles(parameters: URLSearchParams, refuse: (problem: string) => void): TlsFiles {
  const read = (name: (typeof TLS_PARAMETERS)[number]): string | undefined => {
    const path = parameters.get(name);
    if (path === null) return undefined;
    try {
      return readFileSync(path, 'utf8');
    } catch (error) {
      refuse(
        `has a ${name} that cannot be read (${(error as NodeJS.ErrnoException).code ?? 'no such file'})`,
      );
      return undefined;
    }
  };
  const [ca, cert, key] = TLS_PARAMETERS.map(read);
  if (parameters.has('userCertFile') !== parameters.has('userKeyFile'))
    refuse('needs userCertFile and userKeyFile together');
  if (ca !== undefined && !works(() => new X509Certificate(ca)))
    refuse('has a tlsCAFile that is no certificate (PEM)');
  if (cert !== undefined && key !== undefined && !works(() => createSecureContext({ cert, key })))
    refuse('has a userCertFile and a userKeyFile that are no certificate and its key (PEM)');
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  };
}

const DISTRUST =
  /^(ERR_TLS_CERT|ERR_SSL_|EPROTO|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|CERT_|INVALID_CA|HOSTNAME_MISMATCH)/;

/** Why a server and we do not trust each other, where that is what the error says: trying again will not help. */
export function distrustOf(error: unknown): string | undefined {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  return typeof code === 'string' && DISTRUST.test(code) ? `${String(message)} (${code})` : undefined;
}

function works(work: () => unknown): boolean {
  try {
    work();
    return true;
  } catch {
    return false;
  }
}
