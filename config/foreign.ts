import type { Section } from './registry.ts';

/**
 * Components that configurations of the Go collector name and Periscope does not have, with what to do instead.
 * Names: every spelling the collector has used. A component that Periscope gets is taken out of here.
 */
interface ForeignEntry {
  readonly types: string;
  readonly instead: string;
}

const BESIDE = 'run it in an OpenTelemetry Collector beside Periscope and send its data here with otlp_http';
const VIA_COLLECTOR = 'send with otlp_http to an OpenTelemetry Collector that has this exporter';
const BEFORE = 'send through an OpenTelemetry Collector that has it';
const otlpAt = (destination: string): string => `use otlp_http: ${destination}`;

const RECEIVERS: readonly ForeignEntry[] = [
  { types: 'prometheus prometheus_simple', instead: BESIDE },
  { types: 'host_metrics hostmetrics', instead: BESIDE },
  { types: 'file_log filelog', instead: BESIDE },
  {
    types: 'jaeger',
    instead: 'switch the senders to OTLP (every Jaeger SDK is replaced by an OpenTelemetry one), or run a collector in front',
  },
  { types: 'zipkin', instead: 'switch the senders to OTLP, or run an OpenTelemetry Collector with zipkin in front' },
  { types: 'opencensus', instead: 'switch the senders to OTLP; OpenCensus has ended' },
  { types: 'kafka', instead: BESIDE },
  { types: 'syslog tcp_log tcplog udp_log udplog fluent_forward fluentforward journald', instead: BESIDE },
  { types: 'windows_event_log windowseventlog windows_perf_counters windowsperfcounters', instead: BESIDE },
  { types: 'docker_stats kubelet_stats kubeletstats k8s_cluster k8s_events k8s_objects k8sobjects', instead: BESIDE },
  { types: 'statsd carbon collectd influxdb', instead: BESIDE },
  { types: 'http_check httpcheck sql_query sqlquery', instead: BESIDE },
  { types: 'redis postgresql mysql mongodb nginx apache elasticsearch rabbitmq', instead: BESIDE },
  {
    types: 'aws_container_insights awscontainerinsightreceiver aws_xray awsxray aws_s3 awss3 aws_firehose awsfirehose',
    instead: BESIDE,
  },
  { types: 'otel_arrow otelarrow', instead: 'send OTLP/HTTP to the otlp receiver' },
  { types: 'loki', instead: 'send OTLP to the otlp receiver; Grafana Alloy and Promtail successors speak it' },
  { types: 'datadog skywalking splunk_hec signalfx', instead: BESIDE },
  { types: 'nop', instead: 'use otlp with a port nobody sends to' },
];

const PROCESSORS: readonly ForeignEntry[] = [
  { types: 'resource_detection resourcedetection', instead: 'use the resource detectors of the SDK, or ' + BEFORE },
  {
    types: 'transform',
    instead: 'attributes and resource change attributes, filter drops by OTTL conditions; for other statements, ' + BEFORE,
  },
  { types: 'redaction', instead: 'attributes deletes and hashes attributes by key and pattern; for values, ' + BEFORE },
  { types: 'probabilistic_sampler tail_sampling', instead: 'sample in the SDK (OTEL_TRACES_SAMPLER), or ' + BEFORE },
  { types: 'k8s_attributes k8sattributes', instead: 'set OTEL_RESOURCE_ATTRIBUTES from the downward API, or ' + BEFORE },
  { types: 'group_by_attrs groupbyattrs group_by_trace groupbytrace', instead: BEFORE },
  {
    types: 'cumulative_to_delta cumulativetodelta delta_to_cumulative deltatocumulative delta_to_rate deltatorate',
    instead: BEFORE,
  },
  { types: 'metrics_transform metricstransform metrics_generation metricsgeneration interval', instead: BEFORE },
  { types: 'span', instead: 'name spans in the SDK, or ' + BEFORE },
  { types: 'routing', instead: "use one pipeline per destination and the exporters' scopes option" },
  { types: 'geoip schema remote_tap remotetap sumologic coralogix', instead: BEFORE },
  { types: 'log_dedup logdedup', instead: BEFORE },
];

const EXPORTERS: readonly ForeignEntry[] = [
  { types: 'otel_arrow otelarrow', instead: otlpAt('endpoint http(s)://<host>:4318') },
  {
    types: 'prometheus_remote_write prometheusremotewrite',
    instead: otlpAt('Prometheus takes OTLP at http://<host>:9090/api/v1/otlp'),
  },
  { types: 'prometheus', instead: otlpAt('Prometheus takes OTLP at http://<host>:9090/api/v1/otlp; or ') + VIA_COLLECTOR },
  { types: 'loki', instead: otlpAt('Loki takes OTLP at http://<host>:3100/otlp') },
  { types: 'jaeger jaeger_thrift', instead: otlpAt('Jaeger takes OTLP at http://<host>:4318') },
  { types: 'zipkin', instead: VIA_COLLECTOR },
  { types: 'elasticsearch', instead: otlpAt("Elastic's APM server takes OTLP; or ") + VIA_COLLECTOR },
  { types: 'datadog', instead: otlpAt('Datadog takes OTLP over HTTP for its intake; or ') + VIA_COLLECTOR },
  { types: 'splunk_hec signalfx sapm', instead: VIA_COLLECTOR },
  { types: 'clickhouse kafka opensearch influxdb cassandra pulsar rabbitmq', instead: VIA_COLLECTOR },
  { types: 'aws_s3 awss3', instead: 'use file, and copy the files; or ' + VIA_COLLECTOR },
  { types: 'aws_emf awsemf aws_cloudwatch_logs awscloudwatchlogs', instead: VIA_COLLECTOR },
  { types: 'aws_xray awsxray', instead: otlpAt("X-Ray's OTLP endpoint wants signed requests, so ") + VIA_COLLECTOR },
  {
    types: 'google_cloud googlecloud google_managed_prometheus googlemanagedprometheus google_cloud_storage',
    instead: VIA_COLLECTOR,
  },
  { types: 'azure_monitor azuremonitor azure_data_explorer azuredataexplorer', instead: VIA_COLLECTOR },
  {
    types: 'honeycomb_marker honeycombmarker coralogix logz_io logzio sumologic dynatrace sentry',
    instead: otlpAt("the vendor's OTLP/HTTP endpoint"),
  },
  { types: 'load_balancing loadbalancing', instead: otlpAt('to a load balancer; or ') + VIA_COLLECTOR },
  { types: 'nop', instead: 'use debug with verbosity: basic' },
];

const CONNECTORS: readonly ForeignEntry[] = [
  { types: 'span_metrics spanmetrics service_graph servicegraph count sum signal_to_metrics signaltometrics', instead: BEFORE },
  { types: 'forward', instead: 'name the receiver in both pipelines' },
  { types: 'routing', instead: "use one pipeline per destination and the exporters' scopes option" },
  { types: 'failover round_robin roundrobin', instead: BEFORE },
  { types: 'exceptions datadog grafana_cloud grafanacloud otlp_json otlpjson', instead: BEFORE },
];

const EXTENSIONS: readonly ForeignEntry[] = [
  { types: 'health_check_v2 healthcheckv2', instead: 'use health_check; it lists every component' },
  { types: 'zpages', instead: 'use health_check: /ledger on its port has the counters' },
  { types: 'pprof', instead: 'start node with --cpu-prof or --inspect' },
  { types: 'memory_limiter', instead: 'use the memory_limiter processor: it admits before anything is decoded' },
  {
    types: 'file_storage db_storage redis_storage',
    instead: 'remove it: queues are in memory; service.ack: delivered makes the sender keep what is not delivered',
  },
  {
    types: 'basicauth basic_auth bearertokenauth bearer_token_auth oidc',
    instead: 'bind to localhost behind a proxy that checks; for exporters, set headers',
  },
  {
    types: 'oauth2client oauth2_client sigv4auth sigv4_auth headers_setter asap_auth asapclient',
    instead: 'set headers in the exporter, or ' + VIA_COLLECTOR,
  },
  {
    types: 'opamp host_observer docker_observer k8s_observer ack jaeger_remote_sampling jaegerremotesampling',
    instead: 'remove it: it has no counterpart here',
  },
];

const TABLE: Readonly<Record<Section, ReadonlyMap<string, string>>> = {
  receivers: index(RECEIVERS),
  processors: index(PROCESSORS),
  exporters: index(EXPORTERS),
  connectors: index(CONNECTORS),
  extensions: index(EXTENSIONS),
};

function index(entries: readonly ForeignEntry[]): ReadonlyMap<string, string> {
  return new Map(entries.flatMap(({ types, instead }) => types.split(' ').map((type): [string, string] => [type, instead])));
}

/** What to use instead of a Go collector component that Periscope lacks; undefined when the collector has none either. */
export function replacementFor(section: Section, type: string): string | undefined {
  return TABLE[section].get(type);
}

/** Every type in the table, for tests and for "did you mean". */
export function foreignTypes(section: Section): string[] {
  return [...TABLE[section].keys()];
}
