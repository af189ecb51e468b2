# A journal is kept on request, beside the other files of a record.
--- s.yaml
cluster: 4
workload: {generate: {model: rigid, jobs: 5}}
---
$ orrery sim s.yaml --journal
! orrery: --journal: expected --out DIR beside it, found none
=> 2
$ orrery sim s.yaml --journal --out run --quiet && test -s run/journal
=> 0
$ orrery sim s.yaml --out run --quiet && ls run
decisions.csv
jobs.csv
report.html
scenario.yaml
summary.json
timeline.csv
=> 0
