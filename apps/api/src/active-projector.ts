import type { Calls } from '@threadline/read-store/redis/calls';
import type { SuggestionPage, SuggestionReads } from '@threadline/read-store/search/suggestion-reads';
import type { ProjectorControl, Redriven } from './api-parts.js';
import type { Rebuild } from './rebuild-run.js';

/** Milliseconds that the active projector has to answer, or to say that it goes on. */
const PATIENCE = { redrive: 10_000, suggestions: 30_000, rebuild: 60_000 };

/** What an api of a cluster has to ask of whichever projector is active. */
export class ActiveProjector implements ProjectorControl, SuggestionReads {
  constructor(private readonly calls: Pick<Calls, 'call'>) {}

  async redrive(interaction: string): Promise<Redriven | undefined> {
    const answer = await this.calls.call('redrive', interaction, PATIENCE.redrive);
    return (answer as Redriven | null) ?? undefined;
  }

  /** All customers are compared there: an api has only those at hand whom it is asked for. */
  async suggestions(
    query: Parameters<SuggestionReads['suggestions']>[0],
  ): Promise<{ page: SuggestionPage; position: number } | undefined> {
    const answer = await this.calls.call('suggestions', query, PATIENCE.suggestions);
    return (answer as { page: SuggestionPage; position: number } | null) ?? undefined;
  }

  readonly rebuild: Rebuild = async (onProgress) => {
    await this.calls.call('rebuild', null, PATIENCE.rebuild, (step) =>
      onProgress({ phase: 'models', ...(step as { done: number; total: number }) }),
    );
  };
}
