# Traces are made, looked into and converted.
$ orrery trace gen rigid --jobs 100 --set processors=64 --seed 3 --out a.swf
100 jobs in a.swf
=> 0
$ orrery trace gen rigid --jobs 100 --set processors=64 --seed 3 --out b.swf && cmp a.swf b.swf
100 jobs in b.swf
=> 0
$ orrery trace import a.swf --out a.csv
100 jobs in a.csv
=> 0
$ orrery trace import a.csv --out a.csv
! orrery: --out a.csv: expected another file than the one that is read, found the same
=> 2
$ orrery trace import a.csv --out a.bin --quiet
=> 0
$ orrery sim --trace a.bin --nodes 1x64 --json >x.json && orrery sim --trace a.csv --nodes 1x64 --json >y.json && grep digest x.json >x && grep digest y.json >y && cmp x y
=> 0
$ orrery trace info --json missing.csv
! orrery: missing.csv: expected a readable file, found No such file or directory
=> 2
