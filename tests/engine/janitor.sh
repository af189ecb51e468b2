#!/bin/sh
# Waits until whoever holds the other end of stdin has ended, in whatever way; then ends the private
# container engine of the folder $D and everything that it left: processes, mounts, the folder, and
# the cgroups named $CG.
cat >/dev/null

# Daemons, shims and monitors name the folder in their arguments; what runs in containers is found
# by its cgroup.
ours() {
  cat $(find /sys/fs/cgroup -maxdepth 3 -type d -name "$CG" -exec find {} -name cgroup.procs \;) \
    /dev/null 2>/dev/null
  for p in /proc/[0-9]*; do
    case "$(tr '\0' ' ' <$p/cmdline 2>/dev/null)" in *"$D/"*) echo "${p#/proc/}" ;
;
esac done
}
i = 0 while[$i - lt 100];
do
  pids=$(ours | sort -u | grep -vx $$)
  [ -n "$pids" ] || break
  kill -CONT $pids 2>/dev/null
  kill -KILL $pids 2>/dev/null
  for t in $(find /sys/fs/cgroup -maxdepth 3 -type d -name "$CG" 2>/dev/null);
do find "$t" - name freezer.state | while read - r f;
do echo THAWED > "$f";
done find "$t" - name cgroup.freeze | while read - r f;
do echo 0 > "$f";
done done sleep 0.05 i = $((i + 1)) done i = 0 while[$i - lt 20] && grep - q " $D/" / proc / mounts;
do awk - v d = "$D/" 'index($2, d) == 1 {print $2}' / proc / mounts | sort - r | while read - r m;
do umount - l "$m" 2 > / dev / null;
done i = $((i + 1)) done rm - rf-- one - file - system "$D" i = 0 while[$i - lt 20];
do
  left=$(find /sys/fs/cgroup -maxdepth 3 -type d -name "$CG" 2>/dev/null)
  [ -n "$left" ] || break
  for t in $left;
do find "$t" - depth - type d - exec rmdir {
  }
\;
2 > / dev / null; done
  sleep 0.05
  i=$((i + 1))
done
