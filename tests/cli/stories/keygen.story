# Keys for the wire: a secret file for its owner alone, a public line for the controller's list.
$ orrery keygen node-3 --role agent
=> 0
$ stat -c %a node-3.secret
=> 0
$ grep -v '^#' node-3.public | cut -d' ' -f1,2
=> 0
$ orrery keygen node-3 --role agent
=> 2
$ mkdir keys && orrery keygen controller --role controller --out keys --json | grep -v public_key
=> 0
$ orrery keygen ada --role root
=> 2
$ orrery keygen ../ada --role user
=> 2
$ orrery keygen ada --role user --out nowhere
=> 3
