# A log without a scenario: the cluster comes from --nodes or from the log's header.
--- log.swf
; MaxProcs: 4
1 0 -1 100 4 -1 -1 4 100 -1 1 1 1 1 1 -1 -1 -1
2 10 -1 50 2 -1 -1 2 60 -1 1 2 1 1 1 -1 -1 -1
3 20 -1 30 2 -1 -1 2 30 -1 1 1 1 1 1 -1 -1 -1
---
$ orrery sim --trace log.swf --policy easy | grep -v digest
run           log
policy        fcfs + easy, first-fit, each event
workload      log.swf
cluster       4 nodes, 4 cores
jobs          3 (3 completed)
makespan      150.0 s (2 min 30 s)
utilisation   93.3 % of core time
held          0.2 core-hours
fairness      0.992 (Jain's index)
late          66.7 % of jobs end later than on 1/N of the cluster
envy          32.1 % of what users asked for, in the mean; at most 64.3 %
seed          1

                               mean  median    p95    p99    max
wait (s)                       56.7    80.0   89.0   89.8   90.0
turnaround (s)                116.7   110.0  137.0  139.4  140.0
bounded slowdown (ratio)       2.49    2.80   3.58   3.65   3.67
finish-time fairness (ratio)   1.79    2.31   2.65   2.68   2.69
! orrery: no cluster given: 4 nodes of one core, as the header of log.swf says; --nodes sets another
=> 0
$ orrery sim --trace log.swf --nodes 8 --policy easy | grep -v digest
run           log
policy        fcfs + easy, first-fit, each event
workload      log.swf
cluster       8 nodes, 8 cores
jobs          3 (3 completed)
makespan      100.0 s (100.0 s)
utilisation   70.0 % of core time
held          0.2 core-hours
fairness      1.000 (Jain's index)
late          0.0 % of jobs end later than on 1/N of the cluster
envy          0.0 % of what users asked for, in the mean; at most 0.0 %
seed          1

                              mean  median   p95   p99    max
wait (s)                       0.0     0.0   0.0   0.0    0.0
turnaround (s)                60.0    50.0  95.0  99.0  100.0
bounded slowdown (ratio)      1.00    1.00  1.00  1.00   1.00
finish-time fairness (ratio)  1.00    1.00  1.00  1.00   1.00
=> 0
$ orrery sim --trace log.swf --nodes 1x4 --policy fcfs,easy,sjf
run        jobs  mean wait  p95 wait  mean turnaround  mean bounded  makespan  cores used
      completed        (s)       (s)              (s)      slowdown       (s)         (%)
fcfs          3       56.7      89.0            116.7          2.49     150.0        93.3
easy          3       56.7      89.0            116.7          2.49     150.0        93.3
sjf           3       56.7      89.0            116.7          2.49     150.0        93.3
=> 0
$ orrery sim --trace log.swf --policy easy --out run --quiet && ls run
decisions.csv
jobs.csv
report.html
scenario.yaml
summary.json
timeline.csv
=> 0
$ grep -n decide run/scenario.yaml
40:  decide: each-event
41:  decide_every: 0s
=> 0
$ orrery sim run/scenario.yaml --out again --quiet && cmp run/jobs.csv again/jobs.csv
=> 0
$ grep -n trace: again/scenario.yaml
19:  trace: ../log.swf
=> 0
