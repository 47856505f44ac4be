import { START, type Append, type AppendResult, type Position } from '@threadline/event-store/event-store';
import type { WriteHealth } from './ingest-health.js';
import type { IngestLog } from './interaction-states.js';

/** The log, with every append told: to the health how it ended, to whoever follows the log how far it is. */
export function watchedLog(
  log: IngestLog,
  health: WriteHealth,
  onAppended: (position: Position) => void,
): IngestLog {
  const append = async (appends: readonly Append[]): Promise<AppendResult[]> => {
    const results = await health.watch(log.append(appends));
    let last = START;
    for (const result of results)
      if (result.status === 'appended' && result.position > last) last = result.position;
    if (last > START) onAppended(last);
    return results;
  };
  const { stream, find } = log;
  return {
    append,
    readStream: (name, options) => log.readStream(name, options),
    ...(stream && { stream: (name) => stream.call(log, name) }),
    ...(find && { find: (id) => find.call(log, id) }),
  };
}
