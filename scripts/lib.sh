# Sourced by the other scripts: where things are, and how each part is built. Building writes to
# stderr, since stdout belongs to the program that a script starts.
# shellcheck shell=bash

set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# The scripts and the tests look for what was built in one known place.
export CARGO_TARGET_DIR="$root/target"
# What scripts/setup builds; a program of the system's goes first.
export PATH="$PATH:$root/target/tools/bin"
# Node, if the system has none or an old one.
if [ -x "$root/target/node/programs/node" ]; then export PATH="$root/target/node/programs:$PATH"; fi

wasm_target=wasm32-unknown-unknown
started=$SECONDS

step() { printf '\n== %s (after %d s)\n' "$*" "$((SECONDS - started))" >&2; }
die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# cargo in the root, whatever directory the script was called from.
in_root() { (cd "$root" && "$@"); }

# rustup's standard library for wasm.
has_wasm_target() {
    local libdir
    libdir=$(rustc --print target-libdir --target "$wasm_target" 2>/dev/null) && [ -d "$libdir" ]
}

# The least Rust 1.x that the dependencies take; Cargo.toml says the same.
min_minor=90

is_recent() {
    local minor
    minor=$("$1" --version 2>/dev/null | sed -nE 's/^rustc 1\.([0-9]+).*/\1/p')
    [ "${minor:-0}" -ge "$min_minor" ]
}

# Debian's compiler and the standard library's source, to build that library from.
has_debian_wasm() {
    [ -x /usr/bin/cargo ] && is_recent /usr/bin/rustc &&
        [ -d "$(/usr/bin/rustc --print sysroot)/lib/rustlib/src/rust/library/std" ]
}

# The frontend's files, into web/dist. Takes further arguments of the bundler.
build_web() {
    "$root/scripts/setup" build
    step "frontend: compiling to WebAssembly"
    local args=(build -p hallpass-web --bin hallpass-web --target "$wasm_target" --profile wasm)
    # What panic messages name is published with the module: the same paths whoever builds it.
    local home=${CARGO_HOME:-$HOME/.cargo} remap registry
    remap="--remap-path-prefix=$home=cargo"
    for registry in "$home"/registry/src/*; do
        remap+=$'\x1f'"--remap-path-prefix=$registry=cargo"
    done
    remap+=$'\x1f'"--remap-path-prefix=$root=."
    if has_wasm_target; then
        CARGO_ENCODED_RUSTFLAGS="$remap" in_root cargo "${args[@]}"
    else
        CARGO_ENCODED_RUSTFLAGS="$remap" RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 \
            in_root /usr/bin/cargo "${args[@]}" -Zbuild-std=std,panic_abort
    fi
    step "frontend: bundling"
    in_root cargo run -p hallpass-bundle -- \
        --wasm "target/$wasm_target/wasm/hallpass-web.wasm" --source web --out web/dist "$@"
} >&2

# target/release/hallpass with the frontend in it, and any further packages.
build_release() {
    local packages=() package
    for package in hallpass "$@"; do packages+=(-p "$package"); done
    step "building in release mode: hallpass $*"
    in_root cargo build --release "${packages[@]}"
} >&2

# Programs that need nothing of the machine: no C library, of whatever version.
static_targets=(x86_64-unknown-linux-musl aarch64-unknown-linux-musl)

# What is released: target/release/hallpass, and static programs where their target can be had. Each
# names its dependencies inside. The C code in them, which the cryptography has, is compiled by zig,
# which comes with musl's headers for all machines.
build_auditable() {
    local target remap home=${CARGO_HOME:-$HOME/.cargo}
    # The same bytes wherever they are built.
    remap="--remap-path-prefix=$home=cargo"$'\x1f'"--remap-path-prefix=$root=."
    step "building in release mode"
    auditable build --release -p hallpass
    python_env zig scripts/oci/requirements.txt
    for target in "${static_targets[@]}"; do
        if ! rustup target add "$target"; then
            echo "there is no standard library for $target: it is left out" >&2
            continue
        fi
        step "building for $target"
        PATH="$root/target/zig/bin:$PATH" CARGO_ENCODED_RUSTFLAGS="$remap" \
            auditable zigbuild --release -p hallpass --target "$target"
    done
} >&2

# As `cargo auditable`. That program puts itself around the compiler by its whole path, and Cargo
# names the crates of the workspace by that path, too: each checkout would give other bytes. So the
# cargo that it calls, which it takes from CARGO, puts its name in the place of the path.
auditable() {
    local by_name="$root/target/tools/cargo-by-name"
    printf '%s\n' '#!/bin/sh' 'RUSTC_WORKSPACE_WRAPPER=cargo-auditable exec cargo "$@"' >"$by_name"
    chmod +x "$by_name"
    PATH="$root/target/tools/bin:$PATH" CARGO="$by_name" in_root cargo-auditable auditable "$@"
}

# target/debug/hallpass, which fails on an overflow where the release wraps around. $server is it,
# unless the caller brings another one.
build_debug() {
    server=${HALLPASS_TEST_SERVER:-$root/target/debug/hallpass}
    if [ -n "${HALLPASS_TEST_SERVER:-}" ]; then return; fi
    step "building the server"
    in_root cargo build -p hallpass
} >&2

# target/NAME: a virtual environment with what a file of requirements names, made once. Without
# arguments target/python, for the tests.
python_env() {
    local env="$root/target/${1:-python}" wanted="$root/${2:-scripts/requirements.txt}"
    # pip's own start fails after the checkout has moved, or Python was replaced.
    if cmp -s "$wanted" "$env/installed.txt" && "$env/bin/pip" --version >/dev/null 2>&1; then
        return
    fi
    "$root/scripts/setup" python
    step "installing Python packages"
    rm -rf "$env"
    python3 -m venv "$env"
    "$env/bin/pip" install --quiet --disable-pip-version-check --requirement "$wanted" ||
        die "can't install the Python packages; once there is a network, try again"
    cp "$wanted" "$env/installed.txt"
} >&2

# target/NAME: the packages of Node that the lock file in a directory names, made once.
node_env() {
    local env="$root/target/$1" wanted="$root/$2"
    if cmp -s "$wanted/package-lock.json" "$env/installed.json"; then return; fi
    "$root/scripts/setup" node
    if [ -x "$root/target/node/programs/node" ]; then PATH="$root/target/node/programs:$PATH"; fi
    step "installing packages of Node"
    rm -rf "$env"
    mkdir -p "$env"
    cp "$wanted/package.json" "$wanted/package-lock.json" "$env/"
    # None of them needs a script of its own to be installed.
    (cd "$env" && npm ci --ignore-scripts --no-audit --no-fund --loglevel error) ||
        die "can't install the packages of Node; once there is a network, try again"
    cp "$wanted/package-lock.json" "$env/installed.json"
} >&2

# Becomes a command that has none of the settings of whoever runs the script; call it in a subshell.
without_settings() {
    local variable unset=()
    for variable in "${!HALLPASS_@}"; do unset+=(-u "$variable"); done
    exec env "${unset[@]}" "$@"
}

# Starts $server with these arguments on a free port; sets server_pid and url.
start_server() {
    local line
    exec {server_out}< <(without_settings "$server" serve --listen 127.0.0.1:0 "$@")
    server_pid=$!
    read -r -t 30 line <&"$server_out" || die "the server did not start"
    url=${line#listening on }
}
