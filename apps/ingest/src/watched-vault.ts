import type { WriteHealth } from './ingest-health.js';
import type { IngestVault } from './ingest-parts.js';

/** The vault, with every write that fails told to the health: a full disk is often met here first. */
export function watchedVault(vault: IngestVault, health: WriteHealth): IngestVault {
  return {
    handlesFor: (parties) => health.watchStep(vault.handlesFor(parties)),
    handlesForInteractions: (interactions) => health.watchStep(vault.handlesForInteractions(interactions)),
    commit: () => health.watchStep(vault.commit()),
    keys: (handles) => vault.keys(handles),
    hash: (...parts) => vault.hash(...parts),
  };
}
