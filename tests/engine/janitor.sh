#!/bin/sh
# Waits until whoever holds the other end of stdin has ended, in whatever way; then ends the private
# container engine of the folder $D and everything that it left: processes, mounts, the folder, and
# the cgroups named $CG.
cat >/dev/null

trees() { find /sys/fs/cgroup -maxdepth 3 -type d -name "$CG" 2>/dev/null; }

# Daemons, shims and monitors name the folder in their arguments; what runs in containers is found
# by its cgroup.
ours() {
  for tree in $(trees); do find "$tree" -name cgroup.procs -exec cat {} +; done
  # The brackets keep this grep from finding itself.
  grep -ls "[/]${D#/}/" /proc/[0-9]*/cmdline | cut -d/ -f3
}

i=0
while [ $i -lt 100 ]; do
  pids=$(ours 2>/dev/null | sort -u | grep -vx $$)
  [ -n "$pids" ] || break
  kill -KILL $pids 2>/dev/null
  for tree in $(trees); do
    # Frozen processes die when they thaw.
    find "$tree" -name freezer.state | while read -r file; do echo THAWED >"$file"; done
    find "$tree" -name cgroup.freeze | while read -r file; do echo 0 >"$file"; done
  done
  sleep 0.05
  i=$((i + 1))
done

i=0
while [ $i -lt 20 ] && grep -qF " $D/" /proc/mounts; do
  awk -v d="$D/" 'index($2, d) == 1 {print $2}' /proc/mounts | sort -r |
    while read -r mount; do umount -l "$mount" 2>/dev/null; done
  i=$((i + 1))
done
umount -l "$D" 2>/dev/null
rm -rf --one-file-system "$D"

i=0
while [ $i -lt 20 ] && [ -n "$(trees)" ]; do
  for tree in $(trees); do find "$tree" -depth -type d -exec rmdir {} \; 2>/dev/null; done
  sleep 0.05
  i=$((i + 1))
done
