# Sourced by scripts/cluster: its processes, and the parts of the cluster with their settings.
# shellcheck shell=bash disable=SC2154

# --- Processes. pids/NAME holds the process id and the time of its start, so that a process that
# got an old id is never taken for ours.

# When a process started, in the kernel's own unit. Fails if there is none, or it has ended.
start_of() {
    local fields
    fields=$(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null) || return 1
    read -r -a fields <<<"$fields"
    [ "${fields[0]:-Z}" != Z ] && echo "${fields[19]}"
}

# Starts a process by name, away from the terminal and its signals.
spawn() {
    local name=$1
    shift
    setsid "$@" </dev/null >>"$dir/logs/$name" 2>&1 &
    echo "$! $(start_of $!)" >"$dir/pids/$name"
    # The shell says nothing when it is killed.
    disown
}

# Sets pid to that of a process by name, if it runs.
find_pid() {
    local start
    read -r pid start 2>/dev/null <"$dir/pids/$1" && [ "$(start_of "$pid")" = "$start" ]
}

runs() { local pid; find_pid "$1"; }

is_stopped() { [[ $(sed 's/.*) //' "/proc/$1/stat") == T* ]]; }

# pause SECONDS PID: stops a process until the end of this script, which comes after so long.
pause() {
    stopped=$2
    trap 'kill -CONT "$stopped"' EXIT
    kill -STOP "$stopped"
    sleep "$1"
}

# Ends a process as a crash would, and waits until it is gone.
end() {
    local pid
    if find_pid "$1"; then
        kill -KILL "$pid"
        await 10 "the end of $1" ended "$1"
    fi
    rm -f "$dir/pids/$1"
}
ended() { ! runs "$1"; }

# await SECONDS WHAT COMMAND...: runs the command until it succeeds.
await() {
    local limit=$((SECONDS + $1)) what=$2
    shift 2
    until "$@"; do
        if [ "$SECONDS" -ge "$limit" ]; then die "waited in vain for $what"; fi
        sleep 0.1
    done
}

# await_ready NAME URL: the same for a process that answers 200 once it is ready.
await_ready() {
    await 90 "$1" ready_or_gone "$1" "$2"
    runs "$1" || die "$1 ended: $(tail -n 3 "$dir/logs/$1")"
}
ready_or_gone() { answers "$2" || ! runs "$1"; }
answers() { curl --silent --fail --noproxy '*' --max-time 3 --output "$dir/answer" "$1"; }

# --- etcd, which says who is the primary

start_etcd() {
    local client=http://127.0.0.1:${port[etcd]} peer=http://127.0.0.1:${port[peer]}
    spawn etcd "${owner[@]}" etcd --data-dir "$dir/etcd" \
        --listen-client-urls "$client" --advertise-client-urls "$client" \
        --listen-peer-urls "$peer" --initial-advertise-peer-urls "$peer" \
        --initial-cluster "default=$peer"
    await_ready etcd "$client/health"
}

# --- PostgreSQL: pg1 and pg2, each under a Patroni of its own

# How Patroni runs one of the two. With the least ttl that it takes, the standby takes over 20 s
# after the primary was last heard of.
patroni_settings() {
    cat <<CONF
scope: hallpass
name: $1
restapi: {listen: "127.0.0.1:${port[rest-$1]}", connect_address: "127.0.0.1:${port[rest-$1]}"}
etcd3: {host: "127.0.0.1:${port[etcd]}"}
bootstrap:
  dcs:
    ttl: 20
    loop_wait: 2
    retry_timeout: 5
    synchronous_mode: true
    postgresql:
      use_pg_rewind: true
      parameters: {max_connections: 300, wal_keep_size: 256MB}
  initdb: [{encoding: UTF8}, {locale: C}, data-checksums, no-sync]
postgresql:
  listen: "127.0.0.1:${port[$1]}"
  connect_address: "127.0.0.1:${port[$1]}"
  data_dir: $dir/$1/data
  bin_dir: $bin
  pgpass: $dir/$1/pgpass
  remove_data_directory_on_rewind_failure: true
  authentication:
    superuser: {username: postgres, password: $password}
    replication: {username: replicator, password: $password}
    rewind: {username: rewinder, password: $password}
  # Shared memory in files: nothing stays after a kill -9.
  parameters: {unix_socket_directories: $dir/$1, dynamic_shared_memory_type: mmap}
  pg_hba: [host all all 127.0.0.1/32 scram-sha-256, host replication all 127.0.0.1/32 scram-sha-256]
CONF
}

start_database() {
    spawn "$1" "${owner[@]}" PATH="$PATH" LC_ALL=C patroni "$dir/$1/patroni.yaml"
}

is_primary() { answers "http://127.0.0.1:${port[rest-$1]}/primary"; }
is_synchronous() { answers "http://127.0.0.1:${port[rest-$1]}/synchronous"; }

# Sets primary and standby, if there is a primary.
find_primary() {
    for primary in pg1 pg2; do
        standby=pg$((3 - ${primary#pg}))
        if is_primary "$primary"; then return; fi
    done
    return 1
}

# Kills Patroni and all processes of its PostgreSQL at once, as a power cut would.
kill_database() {
    local pid postmaster=() pids=()
    if find_pid "$1"; then pids+=("$pid"); fi
    mapfile -t postmaster < <("${owner[@]}" cat "$dir/$1/data/postmaster.pid" 2>/dev/null)
    if is_postmaster "${postmaster[0]:-}" "$1"; then
        mapfile -t -O "${#pids[@]}" pids < <(pgrep -P "${postmaster[0]}"; echo "${postmaster[0]}")
    fi
    if [ "${#pids[@]}" -gt 0 ]; then kill -KILL "${pids[@]}" 2>/dev/null || true; fi
    await 10 "the end of $1" ended "$1"
    # The one piece of shared memory that is no file. Its id is the second number of line 7.
    local shared=${postmaster[6]:-}
    if [ -n "$shared" ]; then ipcrm -m "${shared##* }" 2>/dev/null || true; fi
    rm -f "$dir/pids/$1"
}
is_postmaster() { [ -n "$1" ] && [ "$(readlink "/proc/$1/cwd")" = "$dir/$2/data" ]; }

# Both run, and what is committed is on both.
await_both() {
    local name
    for name in pg1 pg2; do
        if ! runs "$name"; then start_database "$name"; fi
    done
    await 90 "a primary" find_primary
    await 90 "the synchronous standby $standby" is_synchronous "$standby"
}

# A PostgreSQL whose clock scripts/cluster moves, by libfaketime. Patroni has the right time.
make_clock_movable() {
    local library program
    library=$(find /usr/lib -name libfaketime.so.1 | head -n 1)
    [ -n "$library" ] || die "libfaketime is missing; install it: apt-get install libfaketime"
    mkdir "$dir/bin"
    for program in "$bin"/*; do ln -s "$program" "$dir/bin/"; done
    rm "$dir/bin/postgres"
    cat >"$dir/bin/postgres" <<CONF
#!/bin/sh
LD_PRELOAD=$library FAKETIME_TIMESTAMP_FILE=$dir/clock FAKETIME_CACHE_DURATION=1
FAKETIME_DONT_FAKE_MONOTONIC=1
export LD_PRELOAD FAKETIME_TIMESTAMP_FILE FAKETIME_CACHE_DURATION FAKETIME_DONT_FAKE_MONOTONIC
exec $bin/postgres "\$@"
CONF
    chmod 755 "$dir/bin" "$dir/bin/postgres"
    echo +0 >"$dir/clock"
    chmod 644 "$dir/clock"
    bin=$dir/bin
}

start_databases() {
    local name
    if [ -n "$movable_clock" ]; then make_clock_movable; fi
    for name in pg1 pg2; do
        mkdir -m 700 "$dir/$name"
        patroni_settings "$name" >"$dir/$name/patroni.yaml"
        give_to_owner "$dir/$name"
    done
    start_database pg1
    await_ready pg1 "http://127.0.0.1:${port[rest-pg1]}/primary"
    await_both
    PGPASSWORD=$password "$bin/psql" --quiet --no-psqlrc -h 127.0.0.1 -p "${port[$primary]}" -U postgres <<SQL
CREATE ROLE hallpass LOGIN PASSWORD '$password';
CREATE DATABASE hallpass OWNER hallpass;
SQL
}

# --- The nodes, each behind a forwarder to the two databases, and the balancer before them

# The database's URL by way of these two ports.
database_url() {
    echo "postgres://hallpass:$password@127.0.0.1:$1,127.0.0.1:$2/hallpass?sslmode=disable&target_session_attrs=read-write"
}

forwarder_settings() {
    cat <<CONF
defaults
    mode tcp
    retries 0
    timeout connect 2s
    timeout client 1d
    timeout server 1d
listen pg1
    bind 127.0.0.1:${port[node$1-pg1]}
    server pg1 127.0.0.1:${port[pg1]}
listen pg2
    bind 127.0.0.1:${port[node$1-pg2]}
    server pg2 127.0.0.1:${port[pg2]}
CONF
}

start_forwarder() {
    forwarder_settings "$1" >"$dir/forwarder$1.cfg"
    spawn "forwarder$1" haproxy -db -f "$dir/forwarder$1.cfg"
    await 30 "the forwarder of node $1" listens "${port[node$1-pg1]}"
}

# Whether a connection to this port of loopback is accepted.
listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

start_node() {
    spawn "node$1" env -i HOME="$dir" PATH="$PATH" HALLPASS_MASTER_KEY_FILE="$dir/master-key" \
        HALLPASS_DATABASE_URL="$(database_url "${port[node$1-pg1]}" "${port[node$1-pg2]}")" \
        "$server" serve --listen "127.0.0.1:${port[node$1]}" --data-dir "$dir/node$1" \
        --public-url "http://127.0.0.1:${port[balancer]}" --trusted-proxy 127.0.0.1 "${serve_args[@]}"
}

await_node() { await_ready "node$1" "http://127.0.0.1:${port[node$1]}/readyz"; }

# A GET that meets a dead node, or one that has lost touch, goes to another one. Nothing else is
# sent twice: its outcome may be unknown.
balancer_settings() {
    local n
    cat <<CONF
defaults
    mode http
    timeout connect 1s
    timeout client 75s
    timeout server 60s
    timeout http-request 30s
    retries 3
    option redispatch 1
    retry-on conn-failure empty-response 503
frontend people
    bind 127.0.0.1:${port[balancer]}
    option forwardfor
    http-request disable-l7-retry unless METH_GET
    http-response set-header X-Node %s
    default_backend nodes
backend nodes
    balance roundrobin
    option httpchk GET /readyz
    http-check expect status 200
    default-server check inter 500ms fall 2 rise 1
CONF
    for ((n = 1; n <= nodes; n++)); do echo "    server node$n 127.0.0.1:${port[node$n]}"; done
}

start_balancer() {
    balancer_settings >"$dir/balancer.cfg"
    spawn balancer haproxy -db -f "$dir/balancer.cfg"
    await_ready balancer "http://127.0.0.1:${port[balancer]}/readyz"
}
