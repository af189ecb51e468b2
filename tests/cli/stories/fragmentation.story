# FGD under shortest remaining time first, with departures: less of the free GPUs is of no use.
--- s.yaml
name: shares
cluster: 6x32:gpus=4,memory=256GiB
workload: {generate: {model: dl, jobs: 300, load: 0.95, sharing: 0.7, longest_s: 20000, failing: 0}}
policy: {order: srtf, place: fgd, preempt: checkpoint}
---
$ orrery sim s.yaml --repeat 2 | grep -E '^(policy|utilisation|fragmented|digest)'
=> 0
$ orrery sim s.yaml --policy srtf+fgd,srtf+best-fit,srtf+worst-fit --out r --quiet
=> 0
$ orrery compare r/srtf+fgd r/srtf+best-fit r/srtf+worst-fit | grep -E '^(metric|GPU|preemptions)'
=> 0
$ orrery sim s.yaml --set policy.place=fdg
=> 2
