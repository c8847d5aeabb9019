import type { InstrumentEngine } from './metrics/contract.ts';
import { AGENT_NAME, AGENT_VERSION } from './version.ts';

/** The engine, with what each round of its callbacks took as a histogram of its own. */
export function timedEngine(engine: InstrumentEngine): InstrumentEngine {
  const took = engine
    .getMeter(AGENT_NAME, AGENT_VERSION)
    .createHistogram('periscope.agent.observe.duration', {
      unit: 's',
      description:
        'How long a round of the callbacks of observable instruments took, with the turns of the event loop between them.',
      advice: { explicitBucketBoundaries: [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1] },
    })
    .bind();
  return {
    ...(engine.beforeObserving === undefined ? {} : { beforeObserving: (step) => engine.beforeObserving?.(step) }),
    getMeter: (name, version, options) => engine.getMeter(name, version, options),
    stats: () => engine.stats(),
    observe: async (timeoutMs, inTurns) => {
      const startMs = performance.now();
      await engine.observe(timeoutMs, inTurns);
      took.record((performance.now() - startMs) / 1000);
    },
  };
}
