import type { MatchConfig } from '../../pipeline/attributes/match-config.ts';
import { Matcher } from '../../pipeline/attributes/matcher.ts';
import { Selection } from '../../pipeline/attributes/selection.ts';
import type { Descent } from '../../pipeline/otlp/descent.kernel.ts';
import type { Signal } from '../../pipeline/signal.ts';
import type { Config } from './config.ts';
import { ofLogs, ofMetrics, ofSpans } from './match-config.ts';

/** What stays by an `include` and an `exclude`: each level is asked in the order of the descent, false = all below it goes. */
export type Stays = Pick<Selection, 'group' | 'list' | 'metric' | 'item'>;

/**
 * Of metrics, names and resources are asked apart: an `exclude` of both drops what has the name and what is of the
 * resource (filterprocessor v0.155, metrics.go).
 */
class MetricSelection implements Stays {
  readonly #include: Matcher | undefined;
  readonly #excludedResources: Matcher | undefined;
  readonly #excludedNames: Matcher | undefined;

  constructor(include: MatchConfig | undefined, exclude: MatchConfig | undefined) {
    this.#include = include && new Matcher(include);
    const excluded = exclude && new Matcher(exclude);
    this.#excludedResources = exclude && exclude.resources.length > 0 ? excluded : undefined;
    this.#excludedNames = exclude && exclude.metric_names.length > 0 ? excluded : undefined;
  }

  group(at: Descent): boolean {
    return this.#include?.group(at) !== false && this.#excludedResources?.group(at) !== true;
  }

  list(): boolean {
    return true;
  }

  metric(at: Descent): boolean {
    return this.#include?.metric(at) !== false && this.#excludedNames?.metric(at) !== true;
  }

  item(): boolean {
    return true;
  }
}

/** Undefined where a configuration has neither. */
export function selectionOf({ metrics, spans, logs }: Config, signal: Signal): Stays | undefined {
  if (signal === 'metrics') return ofBoth(ofMetrics(metrics.include), ofMetrics(metrics.exclude), MetricSelection);
  const selection =
    signal === 'traces'
      ? ofBoth(ofSpans(spans.include), ofSpans(spans.exclude), Selection)
      : ofBoth(ofLogs(logs.include), ofLogs(logs.exclude), Selection);
  selection?.begin(signal);
  return selection;
}

type Match = MatchConfig | undefined;

function ofBoth<Made>(include: Match, exclude: Match, kind: new (include: Match, exclude: Match) => Made): Made | undefined {
  return include === undefined && exclude === undefined ? undefined : new kind(include, exclude);
}
