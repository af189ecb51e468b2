#!/bin/sh
# How well does the simulator predict live runs? Makes docs/fidelity.md's figures.
#
#   bench/fidelity.sh ORRERY OUT [DRIVER [REPEATS]]
#
# ORRERY is the program, OUT a new folder for the records, DRIVER engine (default; a private dockerd
# and an image of busybox) or process. One run of another workload under FCFS is calibrated from;
# then scenarios/fidelity.yaml runs REPEATS times (default 1) under each policy, is predicted, and
# compared. About four minutes a run. As root; packages docker.io and busybox-static.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
orrery=$(realpath "${1:?ORRERY, the program}")
out=${2:?OUT, a new folder}
driver=${3:-engine}
repeats=${4:-1}
policies="fcfs easy sjf"
mkdir "$out"
out=$(realpath "$out")

# Jobs of 1, 2 or 4 tasks of 0.2 cores, for whole seconds; requests keep their ratio to that.
make_jobs() { # SEED FILE
  "$orrery" trace gen rigid --jobs 42 --seed "$1" --set processors=4 --set load=1.2 \
    --set weights=60,25,15,0,0,0,0,0,0 --set run_mu=2.2 --set run_sigma=0.5 \
    --quiet --to csv --out "$2.tmp"
  awk -F, -v OFS=, '
    /^#/ { next }
    /^job_id/ { print; next }
    { run = int($3 + 0.5); $4 = sprintf("%.3f", $4 / $3 * run); $3 = run; $9 = 200; print }
  ' "$2.tmp" >"$2"
  rm "$2.tmp"
}
make_jobs 7 "$out/calibration.csv"
make_jobs 5 "$out/fidelity.csv"
cmp "$out/fidelity.csv" "$here/scenarios/fidelity.csv"

# Where others compute on this machine, the containers shall get what their quotas promise, and
# engine and controller shall not wait for a processor, or a container takes half a minute to start:
# they run in groups of great weight.
if [ -d /sys/fs/cgroup/cpu ]; then
  groups=/sys/fs/cgroup/cpu file=cpu.shares great=100000 usual=1024
else
  groups=/sys/fs/cgroup file=cpu.weight great=10000 usual=100
fi
weigh() { # GROUP WEIGHT
  mkdir -p "$groups/$1"
  echo "$2" >"$groups/$1/$file"
}
run_in() { # GROUP COMMAND...
  mkdir -p "$groups/$1"
  sh -c 'echo 0 >"$0/cgroup.procs"; shift; exec "$@"' "$groups/$1" "$@"
}

start_engine() {
  # Engines sync to the disk at every step; in memory that costs nothing.
  mount -t tmpfs tmpfs "$D" -o mode=0711
  mkdir "$D/rootfs" "$D/rootfs/bin" "$D/rootfs/proc" "$D/rootfs/sys" "$D/rootfs/dev" "$D/rootfs/etc"
  cp "$(command -v busybox)" "$D/rootfs/bin/busybox"
  ln -s busybox "$D/rootfs/bin/sh"
  run_in "$CG/engine" setsid dockerd --data-root "$D/data" --exec-root "$D/exec" \
    --pidfile "$D/dockerd.pid" -H "unix://$D/engine.sock" --storage-driver=vfs \
    --exec-opt native.cgroupdriver=cgroupfs "--cgroup-parent=/$CG" \
    --bridge=none --iptables=false --ip6tables=false --ip-forward=false --ip-masq=false \
    --userland-proxy=false >"$out/dockerd.log" 2>&1 </dev/null &
  i=0
  until docker -H "unix://$D/engine.sock" version >/dev/null 2>&1; do
    i=$((i + 1))
    [ $i -lt 300 ] || { echo "dockerd does not answer; see $out/dockerd.log" >&2; exit 3; }
    sleep 0.1
  done
  tar -C "$D/rootfs" -c . | docker -H "unix://$D/engine.sock" import - orrery-busybox:1 >/dev/null
}

live() { # NAME TRACE POLICY
  load=$(cut -d' ' -f1-3 /proc/loadavg)
  echo "$1: load of the machine before it $load"
  if [ "$driver" = engine ]; then
    set -- "$@" --set live.image=orrery-busybox:1 --set "live.socket=$D/engine.sock"
  fi
  name=$1 trace=$2 policy=$3
  shift 3
  run_in "$CG/controller" "$orrery" live "$here/scenarios/fidelity.yaml" --policy "$policy" \
    --set "workload.trace=$trace" --driver "$driver" "$@" --out "$out/$name" --quiet
}

D=$(mktemp -d)
CG=orrery-fidelity-$$
export D CG
trap 'weigh orrery $usual; sh "$here/tests/engine/janitor.sh" </dev/null' EXIT
trap 'exit 130' INT TERM
weigh "$CG" $great
weigh orrery $great # the process driver's
[ "$driver" != engine ] || start_engine
live calibration "$out/calibration.csv" fcfs
"$orrery" calibrate "$out/calibration" --out "$out/model.yaml"
cat "$out/model.yaml"
"$orrery" sim "$here/scenarios/fidelity.yaml" --model "$out/model.yaml" --policy fcfs,easy,sjf \
  --out "$out/predicted" --quiet
n=0
while [ "$n" -lt "$repeats" ]; do
  n=$((n + 1))
  for policy in $policies; do
    live "$policy-$n" "$out/fidelity.csv" "$policy"
    "$orrery" compare "$out/$policy-$n" "$out/predicted/$policy" --markdown >"$out/$policy-$n.md"
    grep "^| error\|^| turn\|^| wait\|^| makespan\|^| core" "$out/$policy-$n.md" | sed 1,/error/d
  done
done
