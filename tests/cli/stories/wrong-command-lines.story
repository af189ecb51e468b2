# Whatever is wrong with a command line is said in one line that tells what to do.
$ orrery sim
! orrery: command line: expected a scenario file or --trace FILE, found neither; orrery help sim shows examples
=> 2
$ orrery smi demo.yaml
! orrery: command line: expected a verb of orrery, found "smi"; did you mean "sim"?
=> 2
$ orrery sim --polcy easy demo.yaml
! orrery: command line: expected an option of orrery sim, found "--polcy"; did you mean "--policy"?
=> 2
$ orrery sim missing.yaml
! orrery: missing.yaml: expected a file, found none
=> 2
$ orrery sim .
! orrery: .: expected a file, found a folder
=> 2
$ orrery sim --trace missing.swf --nodes 4
! orrery: missing.swf: expected a readable file, found No such file or directory
=> 2
$ orrery sim --repeat 99 x.yaml
! orrery: command line: --repeat: Value 99 not in range 1 to 10; see orrery help sim
=> 2
$ orrery help simm
! orrery: command line: expected a verb, or scenario, found "simm"; did you mean "sim"?
=> 2
$ orrery completion ksh
! orrery: command line: expected bash, zsh or fish, found "ksh"; did you mean "zsh"?
=> 2
$ orrery trace
! orrery: command line: expected a verb, found none; see orrery help trace
=> 2
$ orrery trace gen lublin --out x.xyz
! orrery: --out x.xyz: expected a name that ends in .swf, .csv or .bin, found ".xyz"; or say --to swf, csv or binary
=> 2
$ orrery trace gen dl --set lod=1 --out x.csv
! orrery: --set lod=1: expected a key of the model dl, found "lod"; did you mean "load"?
=> 2
