# FGD under shortest remaining time first, with departures: less of the free GPUs is of no use.
--- s.yaml
name: shares
cluster: 6x32:gpus=4,memory=256GiB
workload: {generate: {model: dl, jobs: 300, load: 0.95, sharing: 0.7, longest_s: 20000, failing: 0}}
policy: {order: srtf, place: fgd, preempt: checkpoint}
---
$ orrery sim s.yaml --repeat 2 | grep -E '^(policy|utilisation|fragmented|digest)'
policy        srtf, fgd
utilisation   41.0 % of core time, 75.8 % of GPU time
fragmented    2.0 % of GPU time: free, of no use to the usual job
digest        ba045531f46c201e
=> 0
$ orrery sim s.yaml --policy srtf+fgd,srtf+best-fit,srtf+worst-fit --out r --quiet
=> 0
$ orrery compare r/srtf+fgd r/srtf+best-fit r/srtf+worst-fit | grep -E '^(metric|GPU|preemptions)'
metric                            srtf, fgd  srtf, best-fit  srtf, worst-fit
GPU utilisation (%)                   75.83           75.57            75.83
GPU fragmentation (%)                1.9528          2.2695           2.0576
preemptions                             256             267              256
preemptions per job                  0.8533          0.8900           0.8533
=> 0
$ orrery sim s.yaml --set policy.place=fdg
! orrery: --set policy.place=fdg: expected first-fit, best-fit, worst-fit, consolidate, consolidate-rack, random, fgd, best-fit-gpu, dot-prod, gpu-clustering, gpu-packing or random-gpu, found "fdg"; did you mean "fgd"?
=> 2
