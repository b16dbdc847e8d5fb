#!/bin/sh
# Builds the guests into examples/*.wasm, and with `--expected` also what they print, by running the
# same sources as native programs.
#
# Needs, on Debian or Ubuntu:
#     apt-get install clang lld wasi-libc libclang-rt-14-dev-wasm32 rustc-web cargo-web rust-web-src
# The Rust guests use Debian's rustc with the library sources beside it, because the target
# wasm32-wasip1 is then built on the spot. With rustup it is simpler:
#     rustup target add wasm32-wasip1 && cargo build --release --target wasm32-wasip1
set -eu
cd "$(dirname "$0")"

clang=${CLANG:-clang}
sysroot=${WASI_LIBC:-/usr/lib/wasm32-wasi}
build=${CARGO_TARGET_DIR:-$PWD/../../target}/guests
mkdir -p "$build"

for name in mandelbrot wc; do
    "$clang" --target=wasm32-wasi -O2 -Wall -Wextra -c "$name.c" -o "$build/$name.o"
    # Linked by itself and without -O, or clang would call wasm-opt where that is installed.
    "$clang" --target=wasm32-wasi -Wl,--strip-all "$build/$name.o" -o "../$name.wasm"
done

# The linker is called directly, so it has to be told the start-up object and where libc is.
# Without locations in panic messages, the modules don't depend on the folders they are built in.
RUSTC=${GUEST_RUSTC:-/usr/bin/rustc} RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR="$build" \
    CARGO_TARGET_WASM32_WASIP1_RUSTFLAGS="-Clinker=wasm-ld -Clink-self-contained=no \
        -Clink-arg=-L$sysroot -Clink-arg=$sysroot/crt1-command.o -Zlocation-detail=none" \
    "${GUEST_CARGO:-/usr/bin/cargo}" build --release --target wasm32-wasip1 \
    -Zbuild-std=std,panic_abort -Zbuild-std-features=optimize_for_size
for name in queens words; do
    cp "$build/wasm32-wasip1/release/$name.wasm" ..
done
ls -l ../*.wasm

[ "${1-}" = --expected ] || exit 0
for name in mandelbrot wc; do
    "$clang" -O2 -ffp-contract=off "$name.c" -o "$build/$name"
done
for name in queens words; do
    "${GUEST_RUSTC:-/usr/bin/rustc}" --edition 2024 -O "$name.rs" -o "$build/$name"
done
grep -v '^#' expected/cases | while read -r case program args; do
    # The arguments and redirections of a case are written for a shell.
    eval "\"$build/$program\" $args" >"expected/$case.stdout"
done
