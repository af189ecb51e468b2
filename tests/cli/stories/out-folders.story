# A record replaces an earlier record and nothing else.
--- s.yaml
cluster: 4
workload: {generate: {model: rigid, jobs: 3}}
---
--- mine/notes.txt
precious
---
$ orrery sim s.yaml --out mine
! orrery: --out mine: expected a new folder or an earlier run record, found a folder with other files; choose another folder, or remove this one
=> 2
$ cat mine/notes.txt
precious
=> 0
$ orrery sim s.yaml --out new --quiet
=> 0
$ orrery sim s.yaml --out new --quiet
=> 0
$ orrery sim s.yaml --out s.yaml
! orrery: --out s.yaml: expected a new folder or an earlier run record, found a file; choose another folder, or remove this one
=> 2
$ orrery sim s.yaml s.yaml --out two
! orrery: command line: expected runs that differ in name, found two called "s"; give the scenarios different names
=> 2
$ orrery sim s.yaml --out new/jobs.csv/x
! orrery: cannot make the folder new/jobs.csv/x: Not a directory
=> 3
