/**
 * The read model `customers`: parties with their customer, timelines by party, summaries, links. It holds clear
 * fields and references into the log, nothing that was sealed. `mentions` are events that name a party in passing. `customer` is a label, the handle of one of the
 * customer's parties; a merge relabels the smaller side.
 */
export const SCHEMA = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE parties (
  handle INTEGER PRIMARY KEY, customer INTEGER NOT NULL, kind INTEGER NOT NULL, never INTEGER NOT NULL,
  refused INTEGER NOT NULL, strength INTEGER NOT NULL, first INTEGER NOT NULL, name TEXT, changed INTEGER NOT NULL,
  shown_at INTEGER, shown_event INTEGER, shown_position INTEGER, named INTEGER NOT NULL
);
CREATE TABLE summaries (party INTEGER PRIMARY KEY, summary TEXT NOT NULL);
CREATE TABLE timeline (
  party INTEGER NOT NULL, k BLOB NOT NULL, position INTEGER NOT NULL, type INTEGER NOT NULL,
  channel INTEGER NOT NULL, flags INTEGER NOT NULL, PRIMARY KEY (party, k)
) WITHOUT ROWID;
CREATE TABLE mentions (
  party INTEGER NOT NULL, position INTEGER NOT NULL, PRIMARY KEY (party, position)
) WITHOUT ROWID;
CREATE TABLE terms (id INTEGER PRIMARY KEY, term TEXT NOT NULL UNIQUE);
CREATE TABLE links (
  a INTEGER NOT NULL, b INTEGER NOT NULL, event TEXT NOT NULL, position INTEGER NOT NULL, strength INTEGER NOT NULL,
  at INTEGER NOT NULL, place INTEGER NOT NULL, counts INTEGER NOT NULL, refusal TEXT, because TEXT,
  PRIMARY KEY (a, b, event)
) WITHOUT ROWID;
CREATE TABLE relations (
  shared INTEGER NOT NULL, party INTEGER NOT NULL, position INTEGER NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (shared, party, position)
) WITHOUT ROWID;
CREATE TABLE neighbours (
  party INTEGER NOT NULL, kind INTEGER NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (party, kind)
) WITHOUT ROWID;
CREATE TABLE slacks (customer INTEGER PRIMARY KEY, slack INTEGER NOT NULL);
CREATE TABLE decisions (position INTEGER PRIMARY KEY, event TEXT NOT NULL, at INTEGER NOT NULL, unlinks INTEGER NOT NULL);
CREATE INDEX decisions_by_time ON decisions (at);
CREATE TABLE decided (
  decision INTEGER NOT NULL, place INTEGER NOT NULL, party INTEGER NOT NULL, rest INTEGER NOT NULL,
  PRIMARY KEY (decision, place)
) WITHOUT ROWID;
CREATE INDEX decided_by_party ON decided (party, decision);
CREATE TABLE rules (position INTEGER PRIMARY KEY, event TEXT NOT NULL);
CREATE TABLE parked (
  position INTEGER PRIMARY KEY, stream TEXT NOT NULL, event TEXT NOT NULL, type TEXT NOT NULL, reason TEXT,
  parked_at INTEGER NOT NULL
);
CREATE INDEX parked_by_stream ON parked (stream);
`;

/** Made once their rows are there, where those come all at once. */
export const INDEXES = `
CREATE INDEX parties_by_customer ON parties (customer, kind);
CREATE INDEX parties_refused ON parties (customer) WHERE refused > 0;
CREATE INDEX links_by_b ON links (b);
CREATE INDEX relations_by_party ON relations (party);
CREATE INDEX links_refused ON links (refusal) WHERE refusal IS NOT NULL;
`;
