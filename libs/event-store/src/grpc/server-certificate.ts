import { createPrivateKey, randomBytes, webcrypto, X509Certificate } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { syncPath } from '../sync-path.js';

/** What a TLS server needs, PEM. */
export interface ServerCertificate {
  readonly key: Buffer;
  /** The server's certificate. */
  readonly chain: Buffer;
}

/** What clients trust: give them this file. */
export const authorityFile = (folder: string): string => join(folder, 'eventstore-ca.crt');
const certificateFile = (folder: string): string => join(folder, 'eventstore.crt');
const keyFile = (folder: string): string => join(folder, 'eventstore.key');

const DAY = 86_400_000;
const YEARS = 10 * 365 * DAY;
const CURVE = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/**
 * The folder's own certificate for 127.0.0.1 and localhost, made where there is none that works: an authority of its
 * own signs it, and the authority's key is forgotten at once, so that nothing else can ever be signed with it.
 */
export async function serverCertificate(folder: string, now: number): Promise<ServerCertificate> {
  return existing(folder, now) ?? (await make(folder, now));
}

function existing(folder: string, now: number): ServerCertificate | undefined {
  const files = [authorityFile(folder), certificateFile(folder), keyFile(folder)] as const;
  if (!files.every((file) => existsSync(file))) return undefined;
  const [ca, chain, key] = files.map((file) => readFileSync(file)) as [Buffer, Buffer, Buffer];
  try {
    const authority = new X509Certificate(ca);
    const certificate = new X509Certificate(chain);
    const valid =
      Date.parse(certificate.validTo) - 30 * DAY > now && Date.parse(certificate.validFrom) <= now;
    const ours =
      certificate.verify(authority.publicKey) && certificate.checkPrivateKey(createPrivateKey(key));
    return valid && ours ? { key, chain } : undefined;
  } catch {
    return undefined;
  }
}

async function make(folder: string, now: number): Promise<ServerCertificate> {
  // Loaded only here: once in ten years. The library wants the polyfill that Nest wants too.
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  const newKeys = (extractable: boolean): Promise<webcrypto.CryptoKeyPair> =>
    webcrypto.subtle.generateKey(CURVE, extractable, ['sign', 'verify']);
  const [authorityKeys, keys] = [await newKeys(false), await newKeys(true)];
  const common = {
    notBefore: new Date(now - DAY),
    notAfter: new Date(now + YEARS),
    signingAlgorithm: CURVE,
  };
  // Positive, and of random bits: two folders never have the same.
  const serialNumber = (): string => `4${randomBytes(16).toString('hex').slice(1)}`;
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    ...common,
    serialNumber: serialNumber(),
    name: `CN=Threadline event store ${randomBytes(4).toString('hex')}`,
    keys: authorityKeys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(authorityKeys.publicKey),
    ],
  });
  const certificate = await x509.X509CertificateGenerator.create({
    ...common,
    serialNumber: serialNumber(),
    subject: 'CN=localhost',
    issuer: authority.subject,
    publicKey: keys.publicKey,
    signingKey: authorityKeys.privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([
        { type: 'dns', value: 'localhost' },
        { type: 'ip', value: '127.0.0.1' },
      ]),
      await x509.AuthorityKeyIdentifierExtension.create(authorityKeys.publicKey),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const secret = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  const key = createPrivateKey({ key: secret, format: 'der', type: 'pkcs8' });
  const made = {
    key: Buffer.from(key.export({ format: 'pem', type: 'pkcs8' })),
    chain: Buffer.from(`${certificate.toString('pem')}\n`),
  };
  write(keyFile(folder), made.key, 0o600);
  write(certificateFile(folder), made.chain, 0o644);
  write(authorityFile(folder), Buffer.from(`${authority.toString('pem')}\n`), 0o644);
  syncPath(folder);
  return made;
}

/** Whole or not at all: two that start at once, or one that is killed, leave no half of a file. */
function write(file: string, content: Buffer, mode: number): void {
  const draft = `${file}.${randomBytes(4).toString('hex')}`;
  try {
    writeFileSync(draft, content, { mode, flush: true });
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}
