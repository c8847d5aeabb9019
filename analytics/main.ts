import { serve } from './child.ts';
import { ScopeWindow } from './windows/scope-window.ts';

/** The program of the analytics process: `analytics/client` starts it. */
serve(({ instance, isOnDisk }, scope, perfRules) =>
  ScopeWindow.create(instance, { perfRules, keptFor: isOnDisk ? scope : undefined }),
);
