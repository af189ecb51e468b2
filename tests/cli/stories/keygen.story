# Keys for the wire: a secret file for its owner alone, a public line for the controller's list.
$ orrery keygen node-3 --role agent
secret  ./node-3.secret  keep it where node-3 runs; nobody else needs it
public  ./node-3.public  append it to the controller's list of authorised peers
=> 0
$ stat -c %a node-3.secret
600
=> 0
$ grep -v '^#' node-3.public | cut -d' ' -f1,2
agent node-3
=> 0
$ orrery keygen node-3 --role agent
! orrery: ./node-3.public: expected no file of that name, found one; a key is never overwritten; move it away or choose another name
=> 2
$ mkdir keys && orrery keygen controller --role controller --out keys --json | grep -v public_key
{
  "name": "controller",
  "role": "controller",
  "secret_file": "keys/controller.secret",
  "public_file": "keys/controller.public"
}
=> 0
$ orrery keygen ada --role root
! orrery: --role root: expected agent, user, operator, admin or controller, found "root"
=> 2
$ orrery keygen ../ada --role user
! orrery: command line: expected a name of letters, digits, "-", "_" and ".", not starting with ".", found "../ada"
=> 2
$ orrery keygen ada --role user --out nowhere
! orrery: nowhere/ada.secret: cannot write: No such file or directory
=> 3
