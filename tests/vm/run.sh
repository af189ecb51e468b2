#!/usr/bin/env bash
# Runs a static test program in a virtual machine whose groups are of cgroup version 2 alone.
#
#   run.sh PROGRAM [FILTER]
#
# Exits as the program did; 77 where qemu, busybox, cpio or a kernel are missing, 3 where the
# machine ended without a word. ORRERY_VM_KERNEL names another kernel.
set -euo pipefail
program=$1
# Limits, freezing, killing and crashes on version 2; all else is the same everywhere.
filter=${2:-CgroupRealTest.*:ProcessInCgroups/*Limits*:ProcessInCgroups/*Suspend*:\
ProcessInNamespaces/*Kill*:ProcessInCgroups/*Usage*}
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")

missing() {
  echo "skipped: $*; install it by: apt-get install $(tr '\n' ' ' <"$here/packages")"
  exit 77
}
for tool in qemu-system-x86_64 busybox cpio; do
  command -v "$tool" >/dev/null || missing "$tool is not installed"
done
kernel=${ORRERY_VM_KERNEL:-$(find /boot -name 'vmlinuz-*' | sort -V | tail -1)}
[[ -r $kernel ]] || missing "no kernel that can be read in /boot"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$scratch"/tree/{bin,proc,sys,dev,run}
cp "$(command -v busybox)" "$scratch/tree/bin/busybox"
cp "$here/init" "$scratch/tree/init"
cp "$program" "$scratch/tree/bin/vm_tests"
printf '%s' "$filter" >"$scratch/tree/filter"
chmod +x "$scratch/tree/init" "$scratch/tree/bin/vm_tests"
(cd "$scratch/tree" && find . | cpio -o -H newc --quiet) | gzip -1 >"$scratch/initrd"

# Every instruction is interpreted: that needs no privilege and works within virtual machines, where
# what KVM says of itself cannot always be trusted.
timeout 240 qemu-system-x86_64 -machine q35 -accel tcg,thread=multi -cpu max -smp 2 -m 768 \
  -nographic -no-reboot -nic none -kernel "$kernel" -initrd "$scratch/initrd" \
  -append "console=ttyS0 quiet panic=-1 psi=1" </dev/null 2>&1 |
  tr -d '\r' | tee "$scratch/console" || true
code=$(sed -n 's/^ORRERY-VM-EXIT \([0-9]*\)$/\1/p' "$scratch/console")
[[ -n $code ]] || { echo "the virtual machine ended without a result"; exit 3; }
exit "$code"
