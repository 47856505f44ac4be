import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { authorityFile, serverCertificate } from './server-certificate.js';

const DAY = 86_400_000;

let folder: string;
before(() => (folder = mkdtempSync(join(tmpdir(), 'certificate-'))));
after(() => rmSync(folder, { recursive: true }));

const authority = (): X509Certificate => new X509Certificate(readFileSync(authorityFile(folder)));

describe('the certificate of a folder', () => {
  it('is for 127.0.0.1 and localhost, signed by an authority that signs nothing else', async () => {
    const { chain } = await serverCertificate(folder, Date.now());
    const certificate = new X509Certificate(chain);
    assert.ok(certificate.verify(authority().publicKey));
    assert.ok(certificate.checkIssued(authority()));
    assert.equal(certificate.checkIP('127.0.0.1'), '127.0.0.1');
    assert.equal(certificate.checkHost('localhost'), 'localhost');
    assert.equal(certificate.checkHost('example.org'), undefined);
    assert.deepEqual([certificate.ca, authority().ca], [false, true]);
    assert.equal(statSync(join(folder, 'eventstore.key')).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(folder).sort(), ['eventstore-ca.crt', 'eventstore.crt', 'eventstore.key']);
  });

  it('stays, until it is near its end', async () => {
    const now = Date.now();
    const { chain } = await serverCertificate(folder, now);
    assert.deepEqual((await serverCertificate(folder, now + 3_000 * DAY)).chain, chain);
    const next = await serverCertificate(folder, now + 3_640 * DAY);
    assert.notDeepEqual(next.chain, chain);
    assert.ok(new X509Certificate(next.chain).verify(authority().publicKey));
  });

  it('is made again where a part of it is lost, damaged or of another one', async () => {
    for (const file of ['eventstore-ca.crt', 'eventstore.crt', 'eventstore.key']) {
      const before = (await serverCertificate(folder, Date.now())).chain;
      writeFileSync(join(folder, file), 'no certificate');
      const { key, chain } = await serverCertificate(folder, Date.now());
      assert.notDeepEqual(chain, before);
      assert.deepEqual(readFileSync(join(folder, 'eventstore.key')), key);
      rmSync(join(folder, file));
      assert.notDeepEqual((await serverCertificate(folder, Date.now())).chain, chain);
    }
  });
});
