# The command explains itself.
$ orrery --version
orrery 0.1.0
=> 0
$ orrery policies
A policy is an order, a backfill and a place joined by "+": sjf+easy+best-fit. What is left
out is fcfs, none and first-fit. Preempt says how an order that preempts takes jobs off.

order
  fcfs            by submission
                  reproduces: Tiresias (fifo), by the engine itself; Gavel (fifo), in its world
  sjf             shortest requested time first
  srtf            shortest remaining requested time first, preemptive
                  keys: policy.min_run (time, 0s), policy.most_preemptions (number, 0: no limit)
                  paper: Schrage 1968; for GPU jobs Tiresias, Gu et al., NSDI 2019
                  reproduces: Tiresias (shortest), by the engine itself; Muri, in its world
  priority        highest priority first, with ageing
                  keys: policy.ageing_per_hour (points an hour, 0)
  fair-share      least decayed usage of group and user first
                  keys: policy.half_life (time, 7d)
                  paper: Kay and Lauder, CACM 1988
  las             least attained service first, in queues, preemptive
                  keys: policy.las_thresholds (GPU-seconds, "3600,36000"), policy.min_run, policy.most_preemptions
                  paper: Tiresias, Gu et al., NSDI 2019
                  reproduces: Muri (Tiresias-L) and Tiresias (dlas-gpu), in their worlds
  srsf            shortest remaining requested time x GPUs first, preemptive
                  keys: policy.min_run (time, 0s), policy.most_preemptions (number, 0: no limit)
                  paper: Tiresias, Gu et al., NSDI 2019
                  reproduces: Tiresias (shortest-gpu), by the engine itself; Muri, in its world
  gittins         as las, within a queue by Gittins index, preemptive
                  keys: policy.las_thresholds (GPU-seconds, "3600,36000"), policy.min_run, policy.most_preemptions
                  paper: Tiresias, Gu et al., NSDI 2019
  qssf            shortest time x GPUs first, as earlier jobs let expect
                  paper: Hu et al., SC 2021
  drf             a job of the user whose dominant share is the lowest
                  paper: DRF, Ghodsi et al., NSDI 2011
  edf             earliest deadline first, then jobs without one, preemptive
                  keys: policy.min_run (time, 0s), policy.most_preemptions (number, 0: no limit)
                  paper: Liu and Layland, J. ACM 1973
  max-min         in rounds, equal shares of the dominant resource; preemptive
                  keys: policy.round (time, 6m)
                  paper: DRF, Ghodsi et al., NSDI 2011; Gavel, Narayanan et al., OSDI 2020
                  reproduces: Gavel, in its world
  gandiva-fair    in rounds, equal shares of it for every user; preemptive
                  keys: policy.round (time, 6m)
                  paper: Chaudhary et al., EuroSys 2020
                  reproduces: Shockwave, in its world
  themis          in rounds, whoever ends latest relative to 1/N of the cluster; preemptive
                  keys: policy.round (time, 6m), policy.filter (f, a fraction, 0.8)
                  paper: Themis, Mahajan et al., NSDI 2020
  muri-s          shortest remaining time x GPUs first, in groups interleaved on shared GPUs; preemptive
                  keys: policy.round (time, 6m), policy.group_size (jobs on a GPU, 4)
                  paper: Muri, Zhao et al., SIGCOMM 2022
  muri-l          least attained service first, in queues and in such groups
                  keys: policy.round, policy.group_size, policy.las_thresholds (GPU-seconds, "3600,36000")
                  paper: Muri, Zhao et al., SIGCOMM 2022
  lucid           shortest time x GPUs first, in pairs that leave a GPU idle time
                  keys: policy.pair_busy (busy part of a GPU, 1)
                  paper: Lucid, Hu et al., ASPLOS 2023
  antman          by submission; jobs of priority below 0 fill what the others leave of GPUs
                  paper: AntMan, Xiao et al., OSDI 2020
                  reproduces: Muri (AntMan), in its world
  elastic-flow    deadlines promised at admission, kept by resizing; preemptive
                  keys: policy.round (time, 6m)
                  paper: ElasticFlow, Gu et al., ASPLOS 2023
  allox           jobs matched to types of GPU for the least mean turnaround
                  keys: policy.alpha (part of the users, 1)
                  paper: AlloX, Le et al., EuroSys 2020
  max-min-het     as max-min, knowing each job's speed by type of GPU; preemptive
                  keys: policy.round (time, 6m)
                  paper: Gavel, Narayanan et al., OSDI 2020

backfill
  none            the first that does not fit holds up the rest
  easy            a later job may start if it does not delay the first
                  paper: Lifka, JSSPP 1995
                  reproduces: pyss on KTH-SP2, by the engine itself
  conservative    a later job may start if it delays none before it
                  paper: Mu'alem and Feitelson, IEEE TPDS 2001

place
  first-fit       nodes by number
  best-fit        the node with the least room first
  worst-fit       each task where most room is
  consolidate     the fewest nodes for a gang
  consolidate-rack  the fewest racks for a gang, then the fewest nodes
                  keys: cluster.nodes[].nodes_per_rack (nodes, 0: one rack)
                  paper: Tiresias, Gu et al., NSDI 2019
  random          nodes in random order, seeded
                  keys: seed (0)
  fgd             where fragmentation of GPUs grows least
                  paper: Weng et al., ATC 2023
                  reproduces: FGD, in its world
  best-fit-gpu    the node with the least cores and GPUs left, by score
                  paper: Weng et al., ATC 2023
                  reproduces: FGD (BestFit), in its world
  dot-prod        the node whose room is least like the demand, by score
                  paper: Tetris, Grandl et al., SIGCOMM 2014
                  reproduces: FGD (DotProd), in its world
  gpu-clustering  where GPU tasks of the same kind are
                  paper: Gandiva, Xiao et al., OSDI 2018
                  reproduces: FGD (GpuClustering), in its world
  gpu-packing     GPUs in use first, then nodes in use, then small nodes
                  paper: Weng et al., NSDI 2022
                  reproduces: FGD (GpuPacking), in its world
  random-gpu      any node, and any of its GPUs for a share, seeded
                  keys: seed (0)
                  reproduces: FGD (Random), its means

preempt
  requeue         the job is killed and starts again
  suspend         the job is frozen where it is; its memory stays
  checkpoint      the job writes a checkpoint and goes on from it
=> 0
$ orrery help scenario | grep -A3 '^policy.order$'
policy.order
    which job comes first
    fcfs, sjf, srtf, priority, fair-share, las, srsf, gittins, qssf, drf, edf, max-min, gandiva-fair, themis, muri-s, muri-l, lucid, antman, elastic-flow, allox or max-min-het; default fcfs
policy.place
=> 0
$ orrery help trace gen
Make a synthetic trace
Usage: orrery trace gen [OPTIONS] MODEL

Positionals:
  MODEL TEXT REQUIRED         lublin: batch jobs; dl: training jobs; rigid: jobs for comparisons

Options:
  -h,--help                   Print this help message and exit
  --jobs N                    How many
  --set KEY=VALUE ...         Set an option of the model; orrery help scenario lists them
  --seed N                    The same seed gives the same jobs (default 1)
  -o,--out FILE REQUIRED      The file to write: .swf, .csv or .bin
  --to NAME                   The format to write: swf, csv or binary
  -q,--quiet                  Print errors only

Examples:
  orrery trace gen lublin --jobs 10000 --out batch.swf
  orrery trace gen dl --set load=1.2 --set gpus=128 --seed 7 --out dl.csv
=> 0
