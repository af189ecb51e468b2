# The same run twice, side by side, gives the same digest after every step.
--- s.yaml
cluster: 8
workload: {generate: {model: rigid, jobs: 20}}
policy: easy+random
---
$ orrery sim s.yaml --repeat 2 --quiet
=> 0
