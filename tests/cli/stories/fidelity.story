# A run becomes a workload and a model; what is none is told so.
--- s.yaml
cluster: 2x2
workload: {generate: {model: rigid, jobs: 8, run_mu: 2, run_sigma: 0.5}}
world: {speed: 0.5, start_overhead: 100ms, end_overhead: 50ms, kill_at_requested_time: false}
---
--- typo.yaml
world:
  sped: 0.5
---
--- list.yaml
- world
---
$ orrery sim s.yaml --journal --out run --quiet && orrery trace import --from run --out measured.csv
8 jobs in measured.csv
=> 0
$ orrery calibrate run
# The model of s under fcfs, first-fit, fitted by orrery calibrate; for orrery sim --model.
#
# seconds                                               samples      mean    median       p95       max
# start: told to start, to all containers running             8  0.100000  0.100000  0.100000  0.100000
# turnover: a container gone, to the start in its room        4  0.000000  0.000000  0.000000  0.000000
# run time: |measured - fitted|                               8  0.000000  0.000000  0.000000  0.000000
#
# run time = end_overhead + declared run time / speed, over 8 jobs
world:
  speed: 0.5
  start_overhead: 100ms
  end_overhead: 50ms
network:  # half the turnover: the way to the controller, and the way back
  latency: 0s
=> 0
$ orrery calibrate run --measured | sed '1,/rest/d'
world:
  speed: 1
  start_overhead: 100ms
  end_overhead: 0s
network:  # half the turnover: the way to the controller, and the way back
  latency: 0s
=> 0
$ orrery calibrate run --out model.yaml && orrery sim s.yaml --model model.yaml --quiet
=> 0
$ orrery sim s.yaml --model typo.yaml
! orrery: typo.yaml:2:9: expected a key of world, found "sped"; did you mean "speed"?
=> 2
$ orrery sim s.yaml --model list.yaml
! orrery: --model list.yaml: expected sections of a scenario, such as world, found a list; orrery calibrate writes such a file
=> 2
$ orrery sim s.yaml --model missing.yaml
! orrery: missing.yaml: expected a file, found none
=> 2
$ orrery trace import --out x.csv
! orrery: command line: expected a trace or --from RUN, found neither; see orrery help trace import
=> 2
$ orrery trace import measured.csv --from run --out x.csv
! orrery: command line: expected a trace or --from RUN, found both; see orrery help trace import
=> 2
$ orrery trace import --from run --out x.txt
! orrery: --out x.txt: expected a name that ends in .swf, .csv or .bin, found ".txt"; or say --to swf, csv or binary
=> 2
$ orrery trace import --from missing --out x.csv
! orrery: missing: expected the folder of a run record, found no such folder
=> 2
$ orrery calibrate missing
! orrery: missing: expected the folder of a run record, found no such folder
=> 2
$ orrery sim s.yaml --out bare --quiet && orrery trace import --from bare --out x.csv
! orrery: bare/journal: expected a journal, found none; orrery live keeps one; orrery sim does with --journal
=> 2
$ orrery compare run bare --error --csv | grep '^error' | head -3
error,bare,turnaround_mean_s,0,,1,,,,,
error,bare,turnaround_mean_s_error_percent,0,,1,,,,,
error,bare,turnaround_p95_s,0,,1,,,,,
=> 0
$ orrery compare run bare --error --jobs --csv
! orrery: --jobs: expected text, --json or --markdown beside it, found --csv; jobs.csv of both runs has the values
=> 2
$ orrery compare run bare --jobs
! orrery: --jobs: expected a live run and a simulation of it, in this order, found no such pair; --error takes any run for a model of the first
=> 2
