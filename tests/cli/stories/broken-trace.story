# A malformed row stops the run, or is counted and left out when that is asked for.
--- log.swf
; MaxProcs: 4
1 0 -1 100 4 -1 -1 4 100 -1 1 1 1 1 1 -1 -1 -1
2 10 -1 fifty 2 -1 -1 2 60 -1 1 2 1 1 1 -1 -1 -1
3 20 -1 30 2 -1 -1 2 30 -1 1 1 1 1 1 -1 -1 -1
---
$ orrery sim --trace log.swf
! orrery: log.swf:3:9: expected a number for field 4 (run time), found "fifty"; --on-error=skip leaves such rows out
=> 2
$ orrery sim --trace log.swf --on-error=skip --json --quiet | grep '"jobs"'
        "jobs": 2,
=> 0
$ orrery sim --trace log.swf --on-error=skip --policy easy | grep -v digest
run           log
policy        fcfs + easy, first-fit, each event
workload      log.swf
cluster       4 nodes, 4 cores
jobs          2 (2 completed)
makespan      130.0 s (2 min 10 s)
utilisation   88.5 % of core time
held          0.1 core-hours
fairness      1.000 (Jain's index)
late          50.0 % of jobs end later than on 1/N of the cluster
seed          1

                               mean  median    p95    p99    max
wait (s)                       40.0    40.0   76.0   79.2   80.0
turnaround (s)                105.0   105.0  109.5  109.9  110.0
bounded slowdown (ratio)       2.33    2.33   3.53   3.64   3.67
finish-time fairness (ratio)   2.11    2.11   3.51   3.64   3.67
! orrery: log.swf: 1 of 3 rows are malformed and left out
! orrery: skipped log.swf:3:9: expected a number for field 4 (run time), found "fifty"
! orrery: no cluster given: 4 nodes of one core, as the header of log.swf says; --nodes sets another
=> 0
