import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EmbeddedElsewhereError, requireAllServices, SERVICES } from './embedded-services.js';

describe('embedded stores', () => {
  it('serve a process that hosts everything', () => requireAllServices(SERVICES));

  it('refuse one that does not, and name what it lacks', () => {
    assert.throws(
      () => requireAllServices(['gateway', 'api']),
      (error: EmbeddedElsewhereError) => error.exitCode === 78 && /ingest, projector/.test(error.message),
    );
  });
});
