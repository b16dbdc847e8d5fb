#!/bin/sh
# Builds the kernels into *.wasm beside their sources; with `--check`, also runs them as native
# programs, and compares with the results in kernels.list.
#
# Needs, on Debian or Ubuntu:
#     apt-get install clang lld wabt rustc-web cargo-web rust-web-src
# (see examples/guests/build.sh for the Rust compiler.)
set -eu
cd "$(dirname "$0")"

clang=${CLANG:-clang}
build=${CARGO_TARGET_DIR:-$PWD/../target}/kernels
mkdir -p "$build"

for source in *.wat; do
    wat2wasm "$source" -o "${source%.wat}.wasm"
done
for source in *.c; do
    name=${source%.c}
    [ "$name" = native ] && continue
    features=
    case $name in *-simd) features=-msimd128 ;; esac
    # Built-ins would turn plain loops into calls of memset and memcpy, which aren't there.
    "$clang" --target=wasm32 -O2 -Wall -Wextra -ffreestanding -fno-builtin $features \
        -c "$source" -o "$build/$name.o"
    wasm-ld --no-entry --export=run --strip-all "$build/$name.o" -o "$name.wasm"
done
RUSTC=${GUEST_RUSTC:-/usr/bin/rustc} RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR="$build" \
    CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS="-Clinker=wasm-ld -Clink-arg=--no-entry \
        -Clink-arg=--export=run -Zlocation-detail=none" \
    "${GUEST_CARGO:-/usr/bin/cargo}" build --release --target wasm32-unknown-unknown \
    -Zbuild-std=core,compiler_builtins
cp "$build/wasm32-unknown-unknown/release/dispatch.wasm" .
ls -l ./*.wasm

[ "${1-}" = --check ] || exit 0
status=0
while read -r name argument result _; do
    case $name in \#* | '') continue ;; esac
    # A vector kernel that has a scalar twin gives the same result.
    source=$name
    [ -f "${name%-simd}.c" ] && source=${name%-simd}
    if [ -f "$source.c" ]; then
        "$clang" -O2 -ffp-contract=off "$source.c" native.c -lm -o "$build/native"
    elif [ -f "$source.rs" ]; then
        "${GUEST_RUSTC:-/usr/bin/rustc}" --edition 2024 -O "$source.rs" -o "$build/native"
    else
        continue
    fi
    native=$("$build/native" "$argument")
    if [ "$native" != "$result" ]; then
        echo "$name $argument: $result expected, native gives $native"
        status=1
    fi
done <kernels.list
exit $status
