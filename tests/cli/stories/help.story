# The command explains itself.
$ orrery --version
orrery 0.1.0
=> 0
$ orrery policies
A policy is an order, a backfill and a place joined by "+": sjf+easy+best-fit. What is left
out is fcfs, none and first-fit. Preempt says how an order that preempts takes jobs off.

order
  fcfs            by submission
  sjf             shortest requested time first
  srtf            shortest remaining requested time first, preemptive
  priority        highest priority first, with ageing
  fair-share      least decayed usage of group and user first
  las             least attained service first, in queues, preemptive

backfill
  none            the first that does not fit holds up the rest
  easy            a later job may start if it does not delay the first
  conservative    a later job may start if it delays none before it

place
  first-fit       nodes by number
  best-fit        the node with the least room first
  worst-fit       each task where most room is
  consolidate     the fewest nodes for a gang
  random          nodes in random order, seeded
  fgd             where fragmentation of GPUs grows least
  best-fit-gpu    the node with the least cores and GPUs left, by score
  dot-prod        the node whose room is least like the demand, by score
  gpu-clustering  where GPU tasks of the same kind are
  gpu-packing     GPUs in use first, then nodes in use, then small nodes
  random-gpu      any node, and any of its GPUs for a share, seeded

preempt
  requeue         the job is killed and starts again
  suspend         the job is frozen where it is; its memory stays
  checkpoint      the job writes a checkpoint and goes on from it
=> 0
$ orrery help scenario | grep -A3 '^policy.order$'
policy.order
    which job comes first
    fcfs, sjf, srtf, priority, fair-share, las, srsf, gittins or qssf; default fcfs
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
