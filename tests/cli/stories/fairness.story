# Who fares how: Themis, DRF and rounds of equal shares beside FCFS, on two racks.
--- s.yaml
name: fair
cluster: {nodes: [{count: 8, cores: 32, gpus: 4, nodes_per_rack: 4}]}
workload: {generate: {model: dl, jobs: 200, load: 1.1, users: 6, longest_s: 20000, failing: 0}}
policy: {order: themis, place: consolidate-rack}
world: {kill_at_requested_time: false, rack_factor: 0.5, checkpoint: {cost: 5s, restore: 20s}}
---
$ orrery sim s.yaml | grep -E '^(policy|fairness|late|envy|interrupted|churn|finish)'
=> 0
$ orrery sim s.yaml --policy themis,drf,max-min,fcfs --out r --quiet
=> 0
$ orrery compare r/themis r/drf r/max-min r/fcfs | grep -E '^(metric|finish|envy|preempt|resizes|restarts|starts)'
=> 0
$ head -1 r/drf/timeline.csv; grep -A 7 finish_time r/drf/summary.json
=> 0
$ orrery policies | grep -A 3 -E '^  (drf|themis|consolidate-rack)'
=> 0
$ orrery sim s.yaml --set policy.filter=1.5
=> 2
$ orrery sim s.yaml --policy themis+easy
=> 2
