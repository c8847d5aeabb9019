import { describeMetricBehaviour } from '../../../support/metric-behaviour.ts';
import { OwnEngine } from '../../../support/metric-engine.ts';

describeMetricBehaviour('the own engine', (options = {}) => {
  const engine = new OwnEngine(options);
  return Promise.resolve({
    meter: (name = 'test', version, given) => engine.provider.getMeter(name, version, given),
    collect: async () => {
      await engine.provider.observe(1000);
      return engine.collect();
    },
    stop: () => Promise.resolve(),
  });
});
