#!/usr/bin/env bash
# Builds what the side-by-side bench measures Periscope against, into a cache folder outside the
# repository: otelcol, Rotel, telemetrygen, and Node 22 and 24 (for the agent, and the node:http engine on a newer Node).
#
#   bench/peers.sh [otelcol] [rotel] [telemetrygen] [node22] [node24]      default: all of them
#
# Safe to run again: what is there is kept, what is missing is built. A peer whose tool chain is not on
# this machine is skipped by name and the exit code stays 0, so that a clone without Go or Python still
# benches; a build that breaks is exit code 1.
set -uo pipefail

OTELCOL_VERSION=v0.155.0
ROTEL_VERSION=0.0.1a15
TELEMETRYGEN_VERSION=v0.155.0

cache="${PERISCOPE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/periscope-peers}"
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
mkdir -p "$cache/bin" "$cache/log"
failed=0

have() { command -v "$1" >/dev/null 2>&1; }
skip() { echo "skip $1: $2"; }
# build NAME: runs build_NAME quietly, keeps the log, says how it went.
build() {
  local name="$1"
  echo "build $name …"
  # `nice` starts programs, not shell functions, so the exported function gets a shell of its own.
  if nice -n 10 bash -c "build_$name" >"$cache/log/$name.log" 2>&1; then
    echo "ready $name"
  else
    echo "cannot build $name: see $cache/log/$name.log" >&2
    tail -n 5 "$cache/log/$name.log" >&2
    failed=1
  fi
}

build_otelcol() (
  set -e
  local stamp="$cache/otelcol-$OTELCOL_VERSION"
  GOBIN="$stamp" go install "go.opentelemetry.io/collector/cmd/builder@$OTELCOL_VERSION"
  sed -e "s/@VERSION@/$OTELCOL_VERSION/g" -e "s|@OUTPUT@|$stamp/build|" "$here/otelcol-builder.yaml" >"$stamp/builder.yaml"
  # The builder writes go.mod and then runs `go mod tidy`, which asks for modules that only tests of
  # dependencies need and that a proxy may not serve: its failure there says nothing about the build.
  "$stamp/builder" --config "$stamp/builder.yaml" --skip-compilation || [ -f "$stamp/build/go.mod" ]
  cd "$stamp/build"
  CGO_ENABLED=0 go build -mod=mod -trimpath -ldflags '-s -w' -o "$stamp/otelcol" .
  cp "$stamp/otelcol" "$cache/bin/otelcol.new" && mv "$cache/bin/otelcol.new" "$cache/bin/otelcol"
  echo "$OTELCOL_VERSION" >"$cache/bin/otelcol.version"
)

build_rotel() (
  set -e
  local wheels="$cache/rotel-$ROTEL_VERSION"
  mkdir -p "$wheels"
  python3 -m pip download --quiet "rotel==$ROTEL_VERSION" --no-deps --dest "$wheels"
  python3 - "$wheels" "$cache/bin/rotel-agent" <<'PY'
import glob, os, sys, zipfile
wheel = glob.glob(os.path.join(sys.argv[1], "*.whl"))[0]
with zipfile.ZipFile(wheel) as archive:
    name = next(n for n in archive.namelist() if os.path.basename(n) == "rotel-agent")
    data = archive.read(name)
with open(sys.argv[2] + ".new", "wb") as out:
    out.write(data)
os.chmod(sys.argv[2] + ".new", 0o755)
os.replace(sys.argv[2] + ".new", sys.argv[2])
PY
  echo "$ROTEL_VERSION" >"$cache/bin/rotel-agent.version"
)

build_telemetrygen() (
  set -e
  GOBIN="$cache/bin" go install "github.com/open-telemetry/opentelemetry-collector-contrib/cmd/telemetrygen@$TELEMETRYGEN_VERSION"
  echo "$TELEMETRYGEN_VERSION" >"$cache/bin/telemetrygen.version"
)

# node_of MAJOR: the newest Node of it, from its npm package.
node_of() (
  set -e
  local folder="$cache/node$1"
  mkdir -p "$folder"
  cd "$folder"
  [ -f package.json ] || echo '{"private":true}' >package.json
  npm i --no-audit --no-fund "node@$1"
  ln -sf "$folder/node_modules/node/bin/node" "$cache/bin/node$1"
  "$cache/bin/node$1" --version >"$cache/bin/node$1.version"
)
build_node22() { node_of 22; }
build_node24() { node_of 24; }

# peer NAME TOOL FILE VERSION: builds NAME unless FILE is there in this version, or TOOL is missing.
peer() {
  local name="$1" tool="$2" file="$cache/bin/$3" version="$4"
  case " ${wanted[*]} " in *" $name "*) ;; *) return ;; esac
  if [ -x "$file" ] && { [ -z "$version" ] || [ "$(cat "$file.version" 2>/dev/null)" = "$version" ]; }; then
    echo "ready $name"
  elif ! have "$tool"; then
    skip "$name" "$tool is not on this machine"
  else
    build "$name"
  fi
}

wanted=("$@")
[ ${#wanted[@]} -gt 0 ] || wanted=(otelcol rotel telemetrygen node22 node24)
export cache here OTELCOL_VERSION ROTEL_VERSION TELEMETRYGEN_VERSION
export -f build_otelcol build_rotel build_telemetrygen node_of build_node22 build_node24
exec 9>"$cache/lock"
have flock && flock 9

echo "peers in $cache"
peer otelcol go otelcol "$OTELCOL_VERSION"
peer rotel python3 rotel-agent "$ROTEL_VERSION"
peer telemetrygen go telemetrygen "$TELEMETRYGEN_VERSION"
peer node22 npm node22 ""
peer node24 npm node24 ""
exit $failed
