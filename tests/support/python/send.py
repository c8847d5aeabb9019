"""Sends numbered items of all three signals with the OpenTelemetry Python SDK: send.py ENDPOINT COUNT [grpc]."""

import logging
import sys

from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

endpoint, count = sys.argv[1], int(sys.argv[2])

if sys.argv[3:] == ["grpc"]:
    from grpc import Compression
    from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

    where = {signal: endpoint for signal in ("metrics", "traces", "logs")}
else:
    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    where = {signal: f"{endpoint}/v1/{signal}" for signal in ("metrics", "traces", "logs")}

resource = Resource.create({"service.name": "sdk-python"})

reader = PeriodicExportingMetricReader(
    OTLPMetricExporter(where["metrics"], compression=Compression.Gzip), export_interval_millis=60_000
)
meters = MeterProvider(metric_readers=[reader], resource=resource)
counter = meters.get_meter("system-test").create_counter("requests")
for n in range(count):
    counter.add(n, {"n": n})
meters.shutdown()

tracers = TracerProvider(resource=resource)
tracers.add_span_processor(
    BatchSpanProcessor(OTLPSpanExporter(where["traces"], compression=Compression.Deflate), max_queue_size=count + 1)
)
tracer = tracers.get_tracer("system-test")
for n in range(count):
    with tracer.start_as_current_span("work", attributes={"n": n}) as span:
        span.add_event("step", {"n": n})
tracers.shutdown()

loggers = LoggerProvider(resource=resource)
loggers.add_log_record_processor(
    BatchLogRecordProcessor(OTLPLogExporter(where["logs"]), max_queue_size=count + 1)
)
logger = logging.getLogger("system-test")
logger.setLevel(logging.INFO)
logger.addHandler(LoggingHandler(logger_provider=loggers))
for n in range(count):
    logger.info("line %d", n, extra={"n": n})
loggers.shutdown()
