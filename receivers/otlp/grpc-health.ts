import type { GrpcAnswer } from '../../pipeline/host-grpc.ts';
import { FieldCursor } from '../../pipeline/otlp/field-cursor.kernel.ts';

/** grpc.health.v1.Health/Check (grpc/grpc doc/health-checking.md). Watch is not served: clients then take us for healthy. */
export const HEALTH_CHECK = '/grpc.health.v1.Health/Check';

/** HealthCheckResponse{status}: 1 = SERVING, 2 = NOT_SERVING. */
const SERVING: GrpcAnswer = { status: 0, message: Uint8Array.of(8, 1) };
const NOT_SERVING: GrpcAnswer = { status: 0, message: Uint8Array.of(8, 2) };
const NOT_FOUND = 5;
const INVALID_ARGUMENT = 3;
const WIRE_BYTES = 2;

/** `serves` says how a service is; undefined when it does not know it. The empty name is the collector as a whole. */
export function checkHealth(request: Uint8Array, serves: (service: string) => boolean | undefined): GrpcAnswer {
  const cursor = new FieldCursor(request, 0, request.length);
  let service = '';
  while (cursor.next()) {
    if (cursor.number !== 1 || cursor.wireType !== WIRE_BYTES) continue;
    service = Buffer.from(request.subarray(cursor.valueStart, cursor.position)).toString('utf8');
  }
  if (cursor.fault !== '') return { status: INVALID_ARGUMENT, words: 'cannot read the health request: it is no protobuf' };
  const serving = serves(service);
  if (serving === undefined) return { status: NOT_FOUND, words: 'cannot tell the health of that service: it is not known here' };
  return serving ? SERVING : NOT_SERVING;
}
