# Sourced by the scripts that start PostgreSQL: where its programs are, and who runs them.
# shellcheck shell=bash

# Sets bin to the programs of the newest version. Debian keeps them out of the path.
find_postgres() {
    bin=$(find /usr/lib/postgresql -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1)
    if [ -z "$bin" ] && command -v initdb >/dev/null; then
        bin=$(dirname "$(readlink -f "$(command -v initdb)")")
    fi
}

# Sets owner to what a command of PostgreSQL begins with: initdb and postgres refuse root.
# Takes the directory that is their home.
find_owner() {
    owner=(env HOME="$1")
    if [ "$(id -u)" -eq 0 ]; then
        owner=(setpriv --reuid postgres --regid postgres --clear-groups "${owner[@]}")
    fi
}

# Gives what root has made to the user who runs PostgreSQL.
give_to_owner() {
    if [ "$(id -u)" -eq 0 ]; then chown -R postgres: "$@"; fi
}

# Writes this many ports of loopback that are free. They are below those that Linux gives to
# outgoing connections, so that a program which starts again finds its port free.
free_ports() {
    python3 - "$1" <<'PYTHON'
import random, socket, sys
taken = []
while len(taken) < int(sys.argv[1]):
    candidate = socket.socket()
    candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        candidate.bind(("127.0.0.1", random.randrange(15000, 32000)))
        taken.append(candidate)
    except OSError:
        candidate.close()
for port in taken:
    print(port.getsockname()[1])
PYTHON
}
