/** The API alone, which the agent needs and which an app that measures by itself has loaded anyway. */
import '@opentelemetry/api';
