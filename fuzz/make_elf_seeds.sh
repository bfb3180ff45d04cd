#!/usr/bin/env bash
# make_elf_seeds.sh FOLDER: small ELF files for the fuzzer to begin with.
set -euo pipefail
mkdir -p "$1"
cd "$1"
cat >seed.c <<'C'
__attribute__((noipa)) static int f(int x) { return x + 1; }
int g(int x) { return f(x) + f(x + 1); }
int h(int x) __attribute__((alias("g")));
static int (*choose(void))(int) { return g; }
int picked(int x) __attribute__((ifunc("choose")));
int calls(int x) { return g(x) + picked(x); }
C
gcc seed.c -o whole -shared -fPIC -nostdlib -O1 -Wl,--build-id -Wl,-z,noseparate-code -Wl,--hash-style=both
strip -o stripped whole
gcc seed.c -o bare -shared -fPIC -nostdlib -O1 -fno-asynchronous-unwind-tables -Wl,-z,noseparate-code -Wl,--hash-style=gnu
strip bare
objcopy --only-keep-debug whole mini
xz -f mini
objcopy --add-section .gnu_debugdata=mini.xz stripped packed
printf '.globl _start\n.type _start,@function\n_start: call f\nret\nf: ret\n' | as --32 -o thirtytwo.o -
ld -m elf_i386 thirtytwo.o -o thirtytwo
rm -f seed.c mini.xz thirtytwo.o
touch made
