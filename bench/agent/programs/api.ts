/** The API alone, which the agent does not load, and an app that measures by itself has loaded anyway. */
import '@opentelemetry/api';
