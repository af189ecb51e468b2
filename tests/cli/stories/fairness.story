# Who fares how: Themis, DRF and rounds of equal shares beside FCFS, on two racks.
--- s.yaml
name: fair
cluster: {nodes: [{count: 8, cores: 32, gpus: 4, nodes_per_rack: 4}]}
workload: {generate: {model: dl, jobs: 200, load: 1.1, users: 6, longest_s: 20000, failing: 0}}
policy: {order: themis, place: consolidate-rack}
world: {kill_at_requested_time: false, rack_factor: 0.5, checkpoint: {cost: 5s, restore: 20s}}
---
$ orrery sim s.yaml | grep -E '^(policy|fairness|late|interrupted|churn|finish)'
policy        themis, consolidate-rack
fairness      0.604 (Jain's index)
late          18.0 % of jobs end later than on 1/N of the cluster
interrupted   196 preemptions, 196 requeues, 0 resizes
churn         196 restarts, 0.98 preemptions a job, 1.18 starts a job-hour
finish-time fairness (ratio)     1.12     1.00      1.14      5.35      25.78
=> 0
$ orrery sim s.yaml --policy themis,drf,max-min,fcfs --out r --quiet
=> 0
$ orrery compare r/themis r/drf r/max-min r/fcfs | grep -E '^(metric|finish|preempt|resizes|restarts|starts)'
metric                            themis, consolidate-rack  drf, consolidate-rack  max-min, consolidate-rack  fcfs, consolidate-rack
finish-time fairness, mean                          1.1230                  71.42                     1.4704                   39.53
finish-time fairness, p99                           5.3532                 692.12                      11.81                  497.12
finish-time fairness, max                            25.78                   1531                      16.28                  955.36
finish-time fairness above 1 (%)                        18                     82                         72                      81
preemptions                                            196                      0                        870                       0
resizes                                                  0                      0                          0                       0
restarts                                               196                      0                        870                       0
preemptions per job                                 0.9800                      0                     4.3500                       0
starts per job-hour                                 1.1756                 0.5831                     3.2255                  0.5814
=> 0
$ head -1 r/drf/timeline.csv; grep -A 6 finish_time_fairness r/drf/summary.json
time_s,width_s,cores_used,core_utilisation,gpus_used,gpu_utilisation,pending_jobs,running_jobs,nodes_down,power_w,gpu_fragmentation
  "finish_time_fairness": {
    "count": 200,
    "mean": 71.42397136970371,
    "median": 7.298159319948063,
    "p95": 416.2705299446768,
    "p99": 692.118750308126,
    "max": 1531.371114081613
=> 0
$ orrery policies | grep -A 3 -E '^  (drf|themis|consolidate-rack)'
  drf             a job of the user whose dominant share is the lowest
                  paper: DRF, Ghodsi et al., NSDI 2011
  edf             earliest deadline first, then jobs without one, preemptive
                  keys: policy.min_run (time, 0s), policy.most_preemptions (number, 0: no limit)
--
  themis          in rounds, whoever ends latest relative to 1/N of the cluster; preemptive
                  keys: policy.round (time, 6m), policy.filter (f, a fraction, 0.8)
                  paper: Themis, Mahajan et al., NSDI 2020
  muri-s          shortest remaining time x GPUs first, in groups interleaved on shared GPUs; preemptive
--
  consolidate-rack  the fewest racks for a gang, then the fewest nodes
                  keys: cluster.nodes[].nodes_per_rack (nodes, 0: one rack)
                  paper: Tiresias, Gu et al., NSDI 2019
  random          nodes in random order, seeded
=> 0
$ orrery sim s.yaml --set policy.filter=1.5
! orrery: --set policy.filter=1.5: expected a fraction from 0 to 1, found "1.5"
=> 2
$ orrery sim s.yaml --policy themis+easy
! orrery: policy.backfill: expected none with order themis, found "easy"; a round fills what is free anyway
=> 2
