# A live run keeps a record with a journal, and the journal replays.
--- s.yaml
cluster: 2x2
workload: {generate: {model: rigid, jobs: 5, run_mu: -3, run_sigma: 0}}
live: {driver: fake, speedup: 10}
---
$ orrery live s.yaml --quiet && ls s-live
=> 0
$ orrery replay s-live --verify | sed 's/[0-9,]\+ /N /g'
=> 0
$ orrery replay s-live | head -1 | sed 's/^[0-9.]*//'
=> 0
$ orrery live s.yaml --driver proces
=> 2
$ orrery live s.yaml --policy fcfs,sjf
=> 2
$ orrery live s.yaml --set live.program=burn --set 'live.command=sleep 1'
=> 2
$ orrery sim s.yaml --quiet --out simulated && orrery replay simulated --verify
=> 2
$ orrery live
=> 2
