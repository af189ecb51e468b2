# A scenario's faults are told all at once, each with its place; nothing runs.
--- bad.yaml
name: bad
cluster: 4
workload:
  generate: {model: lublin, jobs: 5O}
policy:
  order: sfj
world:
  start_overhed: 2s
---
$ orrery sim bad.yaml
! orrery: bad.yaml:4:35: expected a whole number of jobs from 1 to 100000000, found "5O"
! orrery: bad.yaml:6:10: expected fcfs, sjf, srtf, priority, fair-share, las, srsf, gittins, qssf, drf, edf, max-min, gandiva-fair, themis, muri-s, muri-l, lucid, antman, elastic-flow, allox or max-min-het, found "sfj"; did you mean "sjf"?
! orrery: bad.yaml:8:3: expected a key of world, found "start_overhed"; did you mean "start_overhead"?
=> 2
$ orrery sim bad.yaml --set policy.order=las --set world.start_overhed=
! orrery: bad.yaml:4:35: expected a whole number of jobs from 1 to 100000000, found "5O"
! orrery: bad.yaml:8:3: expected a key of world, found "start_overhed"; did you mean "start_overhead"?
=> 2
