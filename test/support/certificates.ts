import 'reflect-metadata';
import { createPrivateKey, randomBytes, webcrypto } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';

const CURVE = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DAY = 86_400_000;

/** Files of an authority and of what it has signed, PEM, in a folder of their own. */
export interface Certificates {
  readonly folder: string;
  /** The authority's certificate. */
  readonly ca: string;
  /** Of a server at 127.0.0.1 and localhost; both in one file: `server.pem`. */
  readonly serverCert: string;
  readonly serverKey: string;
  /** Of a client. */
  readonly clientCert: string;
  readonly clientKey: string;
  dispose(): Promise<void>;
}

/** An authority that nobody else has, a server's certificate and a client's, valid for a day. */
export async function makeCertificates(): Promise<Certificates> {
  const folder = await mkdtemp(join(tmpdir(), 'threadline-certificates-'));
  const keys = await newKeys();
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    ...common(),
    name: `CN=Test authority ${randomBytes(4).toString('hex')}`,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const file = async (name: string, content: string): Promise<string> => {
    await writeFile(join(folder, name), content, { mode: 0o600 });
    return join(folder, name);
  };
  const issue = async (name: 'server' | 'client'): Promise<{ cert: string; key: string }> => {
    const own = await newKeys();
    const usage = name === 'server' ? x509.ExtendedKeyUsage.serverAuth : x509.ExtendedKeyUsage.clientAuth;
    const certificate = await x509.X509CertificateGenerator.create({
      ...common(),
      subject: `CN=${name}`,
      issuer: authority.subject,
      publicKey: own.publicKey,
      signingKey: keys.privateKey,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.ExtendedKeyUsageExtension([usage]),
        new x509.SubjectAlternativeNameExtension([
          { type: 'dns', value: 'localhost' },
          { type: 'ip', value: '127.0.0.1' },
        ]),
      ],
    });
    return { cert: `${certificate.toString('pem')}\n`, key: await pemOf(own.privateKey) };
  };
  const [server, client] = [await issue('server'), await issue('client')];
  await file('server.pem', `${server.key}${server.cert}`);
  return {
    folder,
    ca: await file('ca.pem', `${authority.toString('pem')}\n`),
    serverCert: await file('server.crt', server.cert),
    serverKey: await file('server.key', server.key),
    clientCert: await file('client.crt', client.cert),
    clientKey: await file('client.key', client.key),
    dispose: () => rm(folder, { recursive: true, force: true }),
  };
}

const newKeys = (): Promise<webcrypto.CryptoKeyPair> =>
  webcrypto.subtle.generateKey(CURVE, true, ['sign', 'verify']);

const common = (): {
  serialNumber: string;
  notBefore: Date;
  notAfter: Date;
  signingAlgorithm: typeof CURVE;
} => ({
  // Positive, whatever the bits are.
  serialNumber: `4${randomBytes(16).toString('hex').slice(1)}`,
  notBefore: new Date(Date.now() - DAY),
  notAfter: new Date(Date.now() + DAY),
  signingAlgorithm: CURVE,
});

async function pemOf(privateKey: webcrypto.CryptoKey): Promise<string> {
  const secret = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', privateKey));
  const key = createPrivateKey({ key: secret, format: 'der', type: 'pkcs8' });
  return key.export({ format: 'pem', type: 'pkcs8' }).toString();
}
