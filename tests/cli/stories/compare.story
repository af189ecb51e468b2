# Records are compared; what is no record is told so.
--- s.yaml
name: little
cluster: 4
workload: {generate: {model: rigid, jobs: 20, load: 1.5}}
---
--- other/notes.txt
nothing
---
$ orrery sim s.yaml --policy fcfs,sjf --seed 1,2 --out r
run              jobs  mean wait  p95 wait  mean turnaround  mean bounded  makespan  cores used
            completed        (s)       (s)              (s)      slowdown       (s)         (%)
fcfs-seed1         20   13,081.8  21,688.8         15,728.8         35.48  52,666.0        76.0
fcfs-seed2         20    9,790.2  14,763.5         12,319.0         22.98  41,208.0        81.0
sjf-seed1          20    3,018.2  11,399.8          5,665.1          6.59  47,100.0        85.0
sjf-seed2          20    4,850.1  15,785.5          7,378.9          6.34  45,270.0        73.7

compare them job by job: orrery compare r/fcfs-seed1 r/fcfs-seed2 r/sjf-seed1 r/sjf-seed2
=> 0
$ orrery compare r/fcfs-seed1 r/sjf-seed1 | head -4
metric                            fcfs, first-fit  sjf, first-fit
wait, mean (s)                              13082            3018
wait, median (s)                            11655            1412
wait, p95 (s)                               21689           11400
=> 0
$ orrery compare r/* --json >x.json && head -c 1 x.json
{
=> 0
$ orrery compare r/fcfs-seed1 --csv --json
! orrery: command line: expected one of --json, --markdown and --csv, found more than one
=> 2
$ orrery compare other
! orrery: other: expected the folder of a finished run, found no summary.json in it; run `orrery sim ... --out FOLDER` first
=> 2
$ orrery compare
! orrery: command line: RUN is required; see orrery help compare
=> 2
