# A live run keeps a record with a journal, and the journal replays.
--- s.yaml
cluster: 2x2
workload: {generate: {model: rigid, jobs: 5, run_mu: -3, run_sigma: 0}}
live: {driver: fake, speedup: 10}
---
$ orrery live s.yaml --quiet && ls s-live
decisions.csv
jobs.csv
journal
logs
report.html
scenario.yaml
summary.json
timeline.csv
=> 0
$ orrery replay s-live --verify | sed 's/[0-9]\+/N/g'
N inputs replayed, N decisions equal
=> 0
$ orrery replay s-live | head -1 | sed 's/^[0-9.]*//'
 controller: SubmitJob(0) from edge
=> 0
$ orrery live s.yaml --driver proces
! orrery: --set live.driver=proces: expected process, engine or fake, found "proces"; did you mean "process"?
=> 2
$ orrery live s.yaml --policy fcfs,sjf
! orrery: command line: expected one policy and one seed, found several of them; a live run is one run
=> 2
$ orrery live s.yaml --set live.program=burn --set 'live.command=sleep 1'
! orrery: --set live.command=sleep 1: expected a list of texts, found "sleep 1"; for example [python3, train.py]
=> 2
$ orrery sim s.yaml --quiet --out simulated && orrery replay simulated --verify
! orrery: simulated/journal: expected a journal, found none; orrery live keeps one; orrery sim does with --journal
=> 2
$ orrery live
! orrery: command line: SCENARIO is required; see orrery help live
=> 2
